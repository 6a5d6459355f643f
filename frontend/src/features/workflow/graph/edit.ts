/** Changes to a graph: each takes one and returns the next, sharing what stayed the same. */
import type { Json } from "@/shared/api/types";
import {
  edgeId,
  freeId,
  insideOf,
  isContainer,
  isInnerStart,
  isNote,
  kindOf,
  nodeById,
  TARGET,
  type Graph,
  type GraphEdge,
  type GraphNode,
  type NodeData,
  type Point,
} from "./model";
import { hasInput, handlesOf } from "./handles";
import { renameNodeReferences } from "./references";

export const CONTAINER_SIZE = { width: 560, height: 240 };
export const INNER_START = { x: 24, y: 92 };

export interface Added {
  graph: Graph;
  id: string;
}

/** Adds a node, with its first inner node where it is a container. */
export function addNode(graph: Graph, data: NodeData, position: Point, parentId?: string): Added {
  const kind = data.type ?? "node";
  const ids = graph.nodes.map((node) => node.id);
  const id = freeId(kind, ids);
  const node: GraphNode = { id, type: "custom", position, data, ...(parentId ? { parentId } : {}) };
  if (!isContainer(node)) return { graph: { ...graph, nodes: [...graph.nodes, node] }, id };
  const startId = freeId(`${id}_start`, [...ids, id]);
  const start: GraphNode = {
    id: startId,
    type: `custom-${kind}-start`,
    position: INNER_START,
    data: { type: `${kind}-start`, title: "" },
    parentId: id,
  };
  const container = { ...node, ...CONTAINER_SIZE, data: { ...data, start_node_id: startId } };
  return { graph: { ...graph, nodes: [...graph.nodes, container, start] }, id };
}

export function addNote(graph: Graph, position: Point): Added {
  const id = freeId("note", graph.nodes.map((node) => node.id));
  const note: GraphNode = { id, type: "custom-note", position, width: 240, height: 120, data: { text: "", theme: "yellow" } };
  return { graph: { ...graph, nodes: [...graph.nodes, note] }, id };
}

/** Removes nodes with what lies in them and every edge that touched them. Inner starts go only with their container. */
export function removeNodes(graph: Graph, ids: Iterable<string>): Graph {
  const gone = new Set<string>();
  for (const id of ids) {
    const node = nodeById(graph, id);
    if (!node || isInnerStart(node)) continue;
    gone.add(id);
    for (const inner of insideOf(graph, id)) gone.add(inner.id);
  }
  if (gone.size === 0) return graph;
  return {
    ...graph,
    nodes: graph.nodes.filter((node) => !gone.has(node.id)),
    edges: graph.edges.filter((edge) => !gone.has(edge.source) && !gone.has(edge.target)),
  };
}

export function removeEdges(graph: Graph, ids: Iterable<string>): Graph {
  const gone = new Set(ids);
  return { ...graph, edges: graph.edges.filter((edge) => !gone.has(edge.id)) };
}

export interface Connection {
  source: string;
  sourceHandle: string;
  target: string;
}

/** Whether an edge may be drawn: both in the same container, no cycle, not twice, into a node that has a way in. */
export function canConnect(graph: Graph, { source, sourceHandle, target }: Connection): boolean {
  const [from, to] = [nodeById(graph, source), nodeById(graph, target)];
  if (!from || !to || source === target || isNote(from) || isNote(to)) return false;
  if (from.parentId !== to.parentId || !hasInput(to)) return false;
  if (!handlesOf(from).some((handle) => handle.id === sourceHandle)) return false;
  if (graph.edges.some((edge) => edge.source === source && edge.sourceHandle === sourceHandle && edge.target === target)) return false;
  return !reaches(graph, target, source);
}

function reaches(graph: Graph, from: string, to: string): boolean {
  const seen = new Set([from]);
  const left = [from];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (id === to) return true;
    for (const edge of graph.edges) {
      if (edge.source !== id || seen.has(edge.target)) continue;
      seen.add(edge.target);
      left.push(edge.target);
    }
  }
  return false;
}

export function connect(graph: Graph, connection: Connection): Graph {
  return canConnect(graph, connection) ? { ...graph, edges: [...graph.edges, edgeOf(graph, connection)] } : graph;
}

/** An edge as Dify's editor writes it, so that files go both ways. */
function edgeOf(graph: Graph, { source, sourceHandle, target }: Connection): GraphEdge {
  const [from, to] = [nodeById(graph, source), nodeById(graph, target)];
  const parent = from?.parentId ? nodeById(graph, from.parentId) : undefined;
  const inside = parent ? kindOf(parent) : "";
  return {
    id: edgeId(source, sourceHandle, target),
    type: "custom",
    source,
    sourceHandle,
    target,
    targetHandle: TARGET,
    data: {
      sourceType: from ? kindOf(from) : "",
      targetType: to ? kindOf(to) : "",
      isInIteration: inside === "iteration",
      isInLoop: inside === "loop",
      ...(inside === "iteration" ? { iteration_id: parent?.id } : {}),
      ...(inside === "loop" ? { loop_id: parent?.id } : {}),
    },
  };
}

/** Adds a node behind a handle of another one, in the same container. */
export function addAfter(graph: Graph, source: string, sourceHandle: string, data: NodeData, position: Point): Added {
  const parentId = nodeById(graph, source)?.parentId;
  const added = addNode(graph, data, position, parentId);
  return { graph: connect(added.graph, { source, sourceHandle, target: added.id }), id: added.id };
}

/** Puts a node into an edge. */
export function insertInto(graph: Graph, edge: GraphEdge, data: NodeData, position: Point): Added {
  const without = removeEdges(graph, [edge.id]);
  const added = addAfter(without, edge.source, edge.sourceHandle, data, position);
  const node = nodeById(added.graph, added.id);
  const out = node ? handlesOf(node)[0]?.id : undefined;
  return out ? { ...added, graph: connect(added.graph, { source: added.id, sourceHandle: out, target: edge.target }) } : added;
}

export function moveNodes(graph: Graph, positions: ReadonlyMap<string, Point>): Graph {
  const changed = graph.nodes.some((node) => differs(node.position, positions.get(node.id)));
  if (!changed) return graph;
  return {
    ...graph,
    nodes: graph.nodes.map((node) => {
      const position = positions.get(node.id);
      return position && differs(node.position, position) ? { ...node, position } : node;
    }),
  };
}

function differs(a: Point, b: Point | undefined): boolean {
  return b !== undefined && (a.x !== b.x || a.y !== b.y);
}

export function resizeNode(graph: Graph, id: string, size: { width: number; height: number }): Graph {
  return withNode(graph, id, (node) => ({ ...node, ...size }));
}

function withNode(graph: Graph, id: string, change: (node: GraphNode) => GraphNode): Graph {
  return { ...graph, nodes: graph.nodes.map((node) => (node.id === id ? change(node) : node)) };
}

/** Sets keys of a node's data; `undefined` removes a key. Edges from handles that are gone go too. */
export function updateData(graph: Graph, id: string, change: Record<string, Json | undefined>): Graph {
  const next = withNode(graph, id, (node) => {
    const data = { ...node.data, ...change };
    for (const [key, value] of Object.entries(change)) if (value === undefined) delete data[key];
    return { ...node, data };
  });
  return dropLooseEdges(next, id);
}

function dropLooseEdges(graph: Graph, id: string): Graph {
  const node = nodeById(graph, id);
  if (!node) return graph;
  const handles = new Set(handlesOf(node).map((handle) => handle.id));
  const loose = graph.edges.filter((edge) => edge.source === id && !handles.has(edge.sourceHandle));
  return loose.length > 0 ? removeEdges(graph, loose.map((edge) => edge.id)) : graph;
}

/** Gives a node another id; edges, children and every reference follow. */
export function renameNode(graph: Graph, id: string, wanted: string): Graph {
  if (wanted === id || !nodeById(graph, id)) return graph;
  const next = freeId(wanted, graph.nodes.filter((node) => node.id !== id).map((node) => node.id));
  const renamed = {
    ...graph,
    nodes: graph.nodes.map((node) => ({
      ...node,
      ...(node.id === id ? { id: next } : {}),
      ...(node.parentId === id ? { parentId: next } : {}),
    })),
    edges: graph.edges.map((edge) => {
      if (edge.source !== id && edge.target !== id) return edge;
      const [source, target] = [edge.source === id ? next : edge.source, edge.target === id ? next : edge.target];
      return { ...edge, source, target, id: edgeId(source, edge.sourceHandle, target) };
    }),
  };
  return renameNodeReferences(renamed, new Map([[id, next]]));
}

