/** From the saved graph to what the canvas draws; unchanged nodes keep their objects, so that only changed ones are drawn. */
import type { Edge, Node } from "@xyflow/react";
import { isContainer, isInnerStart, isNote, kindOf, nodeById, type Graph, type GraphEdge, type GraphNode } from "../graph/model";
import { NODE_WIDTH } from "../graph/layout";

export type StepNode = Node<{ node: GraphNode }, "step" | "container" | "entry" | "note">;
export type FlowEdge = Edge<{ edge: GraphEdge }>;

function drawnAs(node: GraphNode): StepNode["type"] {
  if (isNote(node)) return "note";
  if (isInnerStart(node)) return "entry";
  return isContainer(node) ? "container" : "step";
}

/** Containers before what is in them: the canvas asks for that order. */
function inOrder(graph: Graph): GraphNode[] {
  const placed = new Set<string>();
  const ordered: GraphNode[] = [];
  const place = (node: GraphNode, depth = 0) => {
    if (placed.has(node.id)) return;
    const parent = node.parentId ? nodeById(graph, node.parentId) : undefined;
    if (parent && depth < 20) place(parent, depth + 1);
    placed.add(node.id);
    ordered.push(node);
  };
  for (const node of graph.nodes) place(node);
  return ordered;
}

export function flowNodesOf(graph: Graph, before: readonly StepNode[], selected: ReadonlySet<string>): StepNode[] {
  const old = new Map(before.map((node) => [node.id, node]));
  const known = new Set(graph.nodes.map((node) => node.id));
  return inOrder(graph).map((node) => {
    const last = old.get(node.id);
    const isSelected = selected.has(node.id);
    if (last && last.data.node === node && last.selected === isSelected && last.position === node.position) return last;
    const type = drawnAs(node);
    const sized = type === "container" || type === "note";
    return {
      id: node.id,
      type,
      position: node.position,
      data: { node },
      selected: isSelected,
      ...(last?.measured ? { measured: last.measured } : {}),
      ...(sized ? { width: node.width ?? 240, height: node.height ?? 120 } : type === "step" ? { width: NODE_WIDTH } : {}),
      ...(node.parentId && known.has(node.parentId) ? { parentId: node.parentId, expandParent: type !== "entry" } : {}),
      ...(type === "entry" ? { draggable: false, selectable: false } : {}),
    };
  });
}

export function flowEdgesOf(graph: Graph, before: readonly FlowEdge[], selected: ReadonlySet<string>): FlowEdge[] {
  const old = new Map(before.map((edge) => [edge.id, edge]));
  const kinds = new Map(graph.nodes.map((node) => [node.id, kindOf(node)]));
  const drawable = graph.edges.filter((edge) => kinds.has(edge.source) && kinds.has(edge.target));
  return drawable.map((edge) => {
    const last = old.get(edge.id);
    const isSelected = selected.has(edge.id);
    if (last && last.data?.edge === edge && last.selected === isSelected) return last;
    const { id, source, sourceHandle, target, targetHandle } = edge;
    return { id, type: "line", source, sourceHandle, target, targetHandle, data: { edge }, selected: isSelected };
  });
}
