/** Auto-layout: columns by the longest way from an entry, order in a column by the neighbours' middle; containers first. */
import { INNER_START } from "./edit";
import { handlesOf } from "./handles";
import { isContainer, isInnerStart, isNote, type Graph, type GraphEdge, type GraphNode, type Point } from "./model";

export interface Size {
  width: number;
  height: number;
}

export const NODE_WIDTH = 244;
const INNER_START_SIZE = { width: 44, height: 44 };
const GAP = { x: 96, y: 40 };
const CONTAINER_PADDING = { top: 68, side: 24, bottom: 24 };
const SWEEPS = 4;

/** About how large a node is drawn, for what was never measured. */
export function sizeOf(node: GraphNode): Size {
  if (isInnerStart(node)) return INNER_START_SIZE;
  if (isContainer(node) || isNote(node)) return { width: node.width ?? 560, height: node.height ?? 240 };
  const rows = handlesOf(node).filter((handle) => handle.role !== "out").length;
  return { width: NODE_WIDTH, height: 66 + rows * 28 };
}

/** Arranges every node but notes. Containers grow or shrink around what is in them. */
export function arranged(graph: Graph, measured: ReadonlyMap<string, Size> = new Map()): Graph {
  const sizes = new Map(graph.nodes.map((node) => [node.id, isContainer(node) ? sizeOf(node) : (measured.get(node.id) ?? sizeOf(node))]));
  const positions = new Map<string, Point>();
  const grown = new Map<string, Size>();
  // The innermost first: a container's size is known when its own level is arranged.
  for (const container of byDepth(graph)) {
    const children = graph.nodes.filter((node) => node.parentId === container.id && !isNote(node));
    if (children.length === 0) continue;
    const inner = levelPositions(children, graph.edges, sizes);
    let [right, bottom] = [0, 0];
    for (const [id, point] of inner) {
      const size = sizes.get(id) ?? INNER_START_SIZE;
      const at = { x: point.x + CONTAINER_PADDING.side, y: point.y + CONTAINER_PADDING.top };
      positions.set(id, at);
      [right, bottom] = [Math.max(right, at.x + size.width), Math.max(bottom, at.y + size.height)];
    }
    const size = { width: Math.max(right + CONTAINER_PADDING.side, 360), height: Math.max(bottom + CONTAINER_PADDING.bottom, INNER_START.y + 96) };
    sizes.set(container.id, size);
    grown.set(container.id, size);
  }
  const top = graph.nodes.filter((node) => !node.parentId && !isNote(node));
  for (const [id, point] of levelPositions(top, graph.edges, sizes)) positions.set(id, { x: point.x + 80, y: point.y + 80 });
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({ ...node, position: positions.get(node.id) ?? node.position, ...grown.get(node.id) })),
  };
}

function byDepth(graph: Graph): GraphNode[] {
  const parents = new Map(graph.nodes.map((node) => [node.id, node.parentId]));
  const depth = (id: string | undefined, steps = 0): number => (id && steps < 50 ? 1 + depth(parents.get(id), steps + 1) : 0);
  return graph.nodes.filter(isContainer).sort((a, b) => depth(b.id) - depth(a.id));
}

function levelPositions(nodes: GraphNode[], edges: GraphEdge[], sizes: ReadonlyMap<string, Size>): Map<string, Point> {
  const ids = new Set(nodes.map((node) => node.id));
  const here = edges.filter((edge) => ids.has(edge.source) && ids.has(edge.target));
  const columns = columnsOf(nodes, here);
  orderColumns(columns, nodes, here);
  const heights = columns.map((column) => column.reduce((sum, id) => sum + (sizes.get(id)?.height ?? 0) + GAP.y, -GAP.y));
  const tallest = Math.max(0, ...heights);
  const positions = new Map<string, Point>();
  let x = 0;
  columns.forEach((column, index) => {
    let y = (tallest - (heights[index] ?? 0)) / 2;
    for (const id of column) {
      positions.set(id, { x: Math.round(x), y: Math.round(y) });
      y += (sizes.get(id)?.height ?? 0) + GAP.y;
    }
    x += Math.max(0, ...column.map((id) => sizes.get(id)?.width ?? 0)) + GAP.x;
  });
  return positions;
}

/** Longest-path ranks; what is on a cycle of a broken graph stays where its first visit put it. */
function columnsOf(nodes: GraphNode[], edges: GraphEdge[]): string[][] {
  const waiting = new Map(nodes.map((node) => [node.id, 0]));
  for (const edge of edges) waiting.set(edge.target, (waiting.get(edge.target) ?? 0) + 1);
  const rank = new Map<string, number>();
  const ready = nodes.filter((node) => waiting.get(node.id) === 0).map((node) => node.id);
  for (const id of ready) {
    const mine = rank.get(id) ?? 0;
    rank.set(id, mine);
    for (const edge of edges) {
      if (edge.source !== id) continue;
      rank.set(edge.target, Math.max(rank.get(edge.target) ?? 0, mine + 1));
      const left = (waiting.get(edge.target) ?? 1) - 1;
      waiting.set(edge.target, left);
      if (left === 0) ready.push(edge.target);
    }
  }
  const columns: string[][] = [];
  for (const node of nodes) (columns[rank.get(node.id) ?? 0] ??= []).push(node.id);
  return Array.from(columns, (column) => column ?? []);
}

function orderColumns(columns: string[][], nodes: GraphNode[], edges: GraphEdge[]): void {
  const handleRank = new Map<string, number>();
  for (const node of nodes) handlesOf(node).forEach((handle, index) => handleRank.set(`${node.id} ${handle.id}`, index));
  const sweep = (column: string[], beside: string[], neighbours: (id: string) => [string, number][]) => {
    const place = new Map(beside.map((id, index) => [id, index]));
    const middle = new Map(
      column.map((id, index) => {
        const found = neighbours(id).flatMap(([other, nudge]) => (place.has(other) ? [(place.get(other) ?? 0) + nudge] : []));
        return [id, found.length > 0 ? found.reduce((a, b) => a + b, 0) / found.length : index] as const;
      }),
    );
    column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
  };
  const before = (id: string): [string, number][] =>
    edges.filter((edge) => edge.target === id).map((edge) => [edge.source, (handleRank.get(`${edge.source} ${edge.sourceHandle}`) ?? 0) / 100]);
  const after = (id: string): [string, number][] => edges.filter((edge) => edge.source === id).map((edge) => [edge.target, 0]);
  for (let turn = 0; turn < SWEEPS; turn += 1) {
    for (let index = 1; index < columns.length; index += 1) sweep(columns[index] ?? [], columns[index - 1] ?? [], before);
    for (let index = columns.length - 2; index >= 0 && turn < SWEEPS - 1; index -= 1) sweep(columns[index] ?? [], columns[index + 1] ?? [], after);
  }
}
