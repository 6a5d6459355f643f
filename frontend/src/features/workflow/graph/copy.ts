/** Copying a part of a graph: new ids, and references inside the part follow it. */
import { edgeId, freeId, freeTitle, insideOf, isInnerStart, isNote, kindOf, nodeById, titleOf, without, type Graph, type GraphEdge, type GraphNode, type Point } from "./model";
import { renameInData } from "./references";

/** What lies on the clipboard; the mark tells it from any other text. */
export interface Part {
  atelier: "graph";
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** There is one start: it is not copied. */
const copies = (node: GraphNode): boolean => kindOf(node) !== "start";

export function copyPart(graph: Graph, ids: Iterable<string>): Part {
  const chosen = new Set<string>();
  for (const id of ids) {
    const node = nodeById(graph, id);
    if (!node || !copies(node) || isInnerStart(node)) continue;
    chosen.add(id);
    for (const inner of insideOf(graph, id)) chosen.add(inner.id);
  }
  return {
    atelier: "graph",
    nodes: graph.nodes.filter((node) => chosen.has(node.id)),
    edges: graph.edges.filter((edge) => chosen.has(edge.source) && chosen.has(edge.target)),
  };
}

/** Reads a clipboard; null for what is no part of a graph. */
export function partOf(text: string): Part | null {
  if (!text.startsWith("{")) return null;
  try {
    const value = JSON.parse(text) as Partial<Part>;
    return value.atelier === "graph" && Array.isArray(value.nodes) && Array.isArray(value.edges) ? (value as Part) : null;
  } catch {
    return null;
  }
}

export interface Pasted {
  graph: Graph;
  /** The new nodes that lie in no other new node. */
  ids: string[];
}

/** Adds a part, moved by `offset`. What lay in a container that did not come along lies in `parentId` now. */
export function pastePart(graph: Graph, part: Part, offset: Point, parentId?: string): Pasted {
  const ids = new Map<string, string>();
  const taken = new Set(graph.nodes.map((node) => node.id));
  for (const node of part.nodes) {
    const id = freeId(node.id.replace(/_\d+$/, ""), taken);
    taken.add(id);
    ids.set(node.id, id);
  }
  let next = graph;
  const outer: string[] = [];
  for (const node of part.nodes) {
    const within = node.parentId ? ids.get(node.parentId) : undefined;
    const parent = within ?? parentId;
    const data = renameInData(node.data, ids);
    const id = ids.get(node.id) ?? node.id;
    const position = within ? node.position : { x: node.position.x + offset.x, y: node.position.y + offset.y };
    const title = isNote(node) || isInnerStart(node) ? data.title : freeTitle(titleOf(node).replace(/ \d+$/, ""), next);
    const copy: GraphNode = { ...(without(node, "parentId") as GraphNode), id, position, data: { ...data, ...(title === undefined ? {} : { title }) }, ...(parent ? { parentId: parent } : {}) };
    next = { ...next, nodes: [...next.nodes, copy] };
    if (!within) outer.push(id);
  }
  const edges = part.edges.map((edge) => {
    const [source, target] = [ids.get(edge.source) ?? edge.source, ids.get(edge.target) ?? edge.target];
    return { ...edge, source, target, id: edgeId(source, edge.sourceHandle, target) };
  });
  return { graph: { ...next, edges: [...next.edges, ...edges] }, ids: outer };
}

export function duplicate(graph: Graph, ids: Iterable<string>): Pasted {
  const chosen = [...ids];
  const parents = new Set(chosen.map((id) => nodeById(graph, id)?.parentId));
  return pastePart(graph, copyPart(graph, chosen), { x: 40, y: 40 }, parents.size === 1 ? [...parents][0] : undefined);
}
