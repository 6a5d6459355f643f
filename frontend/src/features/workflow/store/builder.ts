/** The editor's one store: the saved graph with its history, and what of it the canvas draws. */
import { applyEdgeChanges, applyNodeChanges, type EdgeChange, type NodeChange } from "@xyflow/react";
import { createStore, type StoreApi } from "zustand/vanilla";
import { moveNodes, removeEdges, removeNodes, resizeNode } from "../graph/edit";
import { historyOf, redone, stepped, undone, type History } from "../graph/history";
import type { Size } from "../graph/layout";
import { isContainer, isNote, type Graph, type Point } from "../graph/model";
import type { Problem } from "../graph/problems";
import { flowEdgesOf, flowNodesOf, type FlowEdge, type StepNode } from "./flow";

export interface Builder {
  history: History<Graph>;
  flowNodes: StepNode[];
  flowEdges: FlowEdge[];
  /** The one node that is chosen. */
  focusId: string | null;
  /** A hand moves nodes: the inspector waits until it lets go, it would take room from the canvas under the hand. */
  dragging: boolean;
  inspectedId: string | null;
  editable: boolean;
  /** What each node works with in one line, and what is wrong with it; the page keeps both current. */
  targets: ReadonlyMap<string, string>;
  problems: ReadonlyMap<string, readonly Problem[]>;
  /** One step of the history; steps about the same topic in a row are one. `select` chooses nodes afterwards. */
  change: (edit: (graph: Graph) => Graph, topic?: string, select?: readonly string[]) => void;
  undo: () => void;
  redo: () => void;
  select: (ids: readonly string[]) => void;
  removeSelected: () => void;
  onDrag: (dragging: boolean) => void;
  onNodesChange: (changes: NodeChange<StepNode>[]) => void;
  onEdgesChange: (changes: EdgeChange<FlowEdge>[]) => void;
}

export type BuilderStore = StoreApi<Builder>;

export const graphNow = (builder: Builder): Graph => builder.history.present;
export const selectedIds = (builder: Builder): string[] => builder.flowNodes.filter((node) => node.selected).map((node) => node.id);

/** How large the canvas has drawn each node. */
export function measuredSizes(builder: Builder): Map<string, Size> {
  return new Map(
    builder.flowNodes.flatMap(({ id, measured }) =>
      measured?.width && measured.height ? [[id, { width: measured.width, height: measured.height }] as const] : [],
    ),
  );
}

const focusOf = (nodes: readonly StepNode[]): string | null => {
  const chosen = nodes.filter((node) => node.selected);
  return chosen.length === 1 ? (chosen[0]?.id ?? null) : null;
};

export function createBuilder(graph: Graph, editable: boolean): BuilderStore {
  return createStore<Builder>((set, get) => {
    const show = (history: History<Graph>, chosen?: readonly string[]) => {
      const { flowNodes, flowEdges } = get();
      const selected = new Set(chosen ?? flowNodes.filter((node) => node.selected).map((node) => node.id));
      const selectedEdges = new Set(flowEdges.filter((edge) => edge.selected).map((edge) => edge.id));
      const nodes = flowNodesOf(history.present, flowNodes, selected);
      set({ history, flowNodes: nodes, flowEdges: flowEdgesOf(history.present, flowEdges, selectedEdges), ...focused(focusOf(nodes)) });
    };
    const focused = (focusId: string | null) => (get().dragging ? { focusId } : { focusId, inspectedId: focusId });
    /** Takes over what was moved or resized on the canvas, once the hand lets go. */
    const settle = (nodes: readonly StepNode[], topic: string) => {
      if (!get().editable) return;
      const positions = new Map<string, Point>(nodes.map((node) => [node.id, { x: Math.round(node.position.x), y: Math.round(node.position.y) }]));
      let next = moveNodes(graphNow(get()), positions);
      for (const node of nodes) {
        const before = node.data.node;
        if ((!isContainer(before) && !isNote(before)) || node.width === undefined || node.height === undefined) continue;
        const size = { width: Math.round(node.width), height: Math.round(node.height) };
        if (size.width !== before.width || size.height !== before.height) next = resizeNode(next, node.id, size);
      }
      const history = stepped(get().history, next, topic);
      if (history !== get().history) show(history);
    };
    return {
      history: historyOf(graph),
      flowNodes: flowNodesOf(graph, [], new Set()),
      flowEdges: flowEdgesOf(graph, [], new Set()),
      focusId: null,
      dragging: false,
      inspectedId: null,
      editable,
      targets: new Map(),
      problems: new Map(),
      change: (edit, topic, chosen) => {
        if (!get().editable) return;
        const history = stepped(get().history, edit(graphNow(get())), topic);
        if (history !== get().history || chosen) show(history, chosen);
      },
      undo: () => get().editable && show(undone(get().history)),
      redo: () => get().editable && show(redone(get().history)),
      select: (ids) => show(get().history, ids),
      removeSelected: () => {
        const { flowEdges, change } = get();
        const edges = flowEdges.filter((edge) => edge.selected).map((edge) => edge.id);
        change((now) => removeNodes(edges.length > 0 ? removeEdges(now, edges) : now, selectedIds(get())));
      },
      onDrag: (dragging) => set(dragging ? { dragging } : { dragging, inspectedId: get().focusId }),
      onNodesChange: (changes) => {
        const wanted = changes.filter((change) => change.type !== "remove");
        const flowNodes = applyNodeChanges(wanted, get().flowNodes);
        set(wanted.some((change) => change.type === "select") ? { flowNodes, ...focused(focusOf(flowNodes)) } : { flowNodes });
        const isSettled = (change: NodeChange<StepNode>) =>
          (change.type === "position" && change.dragging === false) || (change.type === "dimensions" && change.resizing === false);
        if (wanted.some(isSettled)) settle(flowNodes, "move");
      },
      onEdgesChange: (changes) => set({ flowEdges: applyEdgeChanges(changes.filter((change) => change.type !== "remove"), get().flowEdges) }),
    };
  });
}
