/** The saved form of a graph (Dify's shape), and small questions about it. Knows no React. */
import type { Json, JsonObject } from "@/shared/api/types";

export interface Point {
  x: number;
  y: number;
}

/** What a node is: kind, title and the configuration of its kind. Unknown keys are kept. */
export interface NodeData {
  type?: string;
  title?: string;
  desc?: string;
  [key: string]: Json | undefined;
}

export interface GraphNode {
  id: string;
  /** How it is drawn: "custom", "custom-note", "custom-iteration-start"… */
  type: string;
  position: Point;
  data: NodeData;
  parentId?: string;
  width?: number;
  height?: number;
  [key: string]: unknown;
}

export interface GraphEdge {
  id: string;
  source: string;
  sourceHandle: string;
  target: string;
  targetHandle: string;
  [key: string]: unknown;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  [key: string]: unknown;
}

export type Selector = string[];

export const SOURCE = "source";
export const TARGET = "target";
export const FAIL_BRANCH = "fail-branch";
export const EMPTY_GRAPH: Graph = { nodes: [], edges: [] };

const CONTAINERS = new Set(["iteration", "loop"]);
const ENTRIES = new Set(["iteration-start", "loop-start"]);

export const kindOf = (node: GraphNode): string => node.data.type ?? "";
export const isNote = (node: GraphNode): boolean => node.type === "custom-note" || node.type === "note" || !node.data.type;
export const isContainer = (node: GraphNode): boolean => CONTAINERS.has(kindOf(node));
/** The fixed first node inside a container. */
export const isInnerStart = (node: GraphNode): boolean => ENTRIES.has(kindOf(node));
export const titleOf = (node: GraphNode): string => node.data.title || node.id;

/** Graphs are never changed in place: what was looked up once of a list of nodes holds as long as the list. */
const byId = new WeakMap<GraphNode[], Map<string, GraphNode>>();

export function nodeById(graph: Graph, id: string): GraphNode | undefined {
  let known = byId.get(graph.nodes);
  if (!known) {
    known = new Map(graph.nodes.map((node) => [node.id, node]));
    byId.set(graph.nodes, known);
  }
  return known.get(id);
}

const byTarget = new WeakMap<GraphEdge[], Map<string, string[]>>();

/** The nodes right before one. */
export function sourcesOf(graph: Graph, id: string): string[] {
  let known = byTarget.get(graph.edges);
  if (!known) {
    known = new Map();
    for (const { source, target } of graph.edges) known.set(target, [...(known.get(target) ?? []), source]);
    byTarget.set(graph.edges, known);
  }
  return known.get(id) ?? [];
}

/** The nodes that lie in a container, however deep. */
export function insideOf(graph: Graph, containerId: string): GraphNode[] {
  const children = graph.nodes.filter((node) => node.parentId === containerId);
  return children.flatMap((child) => [child, ...insideOf(graph, child.id)]);
}

const RESERVED = new Set(["sys", "env", "conversation", "context"]);

/** An id that reads well in a reference and that no node has. */
export function freeId(wanted: string, taken: Iterable<string>): string {
  const used = new Set([...taken, ...RESERVED]);
  const base = wanted.replaceAll(/[^\p{L}\p{N}_]+/gu, "_") || "node";
  if (!used.has(base)) return base;
  for (let number = 2; ; number += 1) {
    if (!used.has(`${base}_${number}`)) return `${base}_${number}`;
  }
}

/** A title that no other node has: "LLM", "LLM 2"… */
export function freeTitle(wanted: string, graph: Graph): string {
  const used = new Set(graph.nodes.map(titleOf));
  if (!used.has(wanted)) return wanted;
  for (let number = 2; ; number += 1) {
    if (!used.has(`${wanted} ${number}`)) return `${wanted} ${number}`;
  }
}

/** Takes what the server has: missing lists and positions are filled in, so that everything can be drawn. */
export function graphOf(saved: Json | undefined): Graph {
  const object = (typeof saved === "object" && saved !== null && !Array.isArray(saved) ? saved : {}) as JsonObject;
  const list = (value: Json | undefined) => (Array.isArray(value) ? value : []) as unknown[];
  const nodes = list(object.nodes).map((each, index) => {
    const node = each as Partial<GraphNode> & { id: string };
    return {
      ...node,
      type: node.type ?? "custom",
      position: node.position ?? { x: 80 + index * 300, y: 200 },
      data: node.data ?? {},
    } as GraphNode;
  });
  const edges = list(object.edges).map((each) => {
    const edge = each as Partial<GraphEdge> & { source: string; target: string };
    const sourceHandle = edge.sourceHandle || SOURCE;
    const targetHandle = edge.targetHandle || TARGET;
    return { ...edge, sourceHandle, targetHandle, id: edge.id ?? edgeId(edge.source, sourceHandle, edge.target) } as GraphEdge;
  });
  return { ...object, nodes, edges };
}

/** An object without one of its keys. */
export function without<T extends object, K extends keyof T>(object: T, key: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key)) as Omit<T, K>;
}

export function edgeId(source: string, sourceHandle: string, target: string): string {
  return `${source}-${sourceHandle}-${target}-${TARGET}`;
}
