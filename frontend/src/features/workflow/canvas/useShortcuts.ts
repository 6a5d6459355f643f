/** The keys of the builder. They work while nothing is being written. */
import { useReactFlow } from "@xyflow/react";
import { useEffect, type RefObject } from "react";
import { glide } from "@/shared/ui/motion";
import { copyPart, duplicate, partOf, pastePart } from "../graph/copy";
import { handlesOf } from "../graph/handles";
import { kindOf, nodeById, type Graph } from "../graph/model";
import { graphNow, selectedIds } from "../store/builder";
import { useBuilderStore } from "../store/BuilderContext";
import type { Offer } from "./OfferContext";
import { openBuilderPanel } from "./panels";

const WRITING = "input, textarea, select, [contenteditable=true], .cm-editor, [role=dialog], [role=listbox], [role=menu]";
const isWriting = (target: EventTarget | null) => target instanceof Element && target.closest(WRITING) !== null;

/** The way out of a node that leads nowhere yet, else its first. */
export function freeHandle(graph: Graph, id: string): string | undefined {
  const node = nodeById(graph, id);
  const handles = node ? handlesOf(node) : [];
  const free = handles.find((handle) => !graph.edges.some((edge) => edge.source === id && edge.sourceHandle === handle.id));
  return (free ?? handles[0])?.id;
}

export function useShortcuts(box: RefObject<HTMLDivElement | null>, offer: (offer: Offer) => void): void {
  const store = useBuilderStore();
  const { fitView, zoomIn, zoomOut } = useReactFlow();
  useEffect(() => {
    const offerBehind = () => {
      const state = store.getState();
      const graph = graphNow(state);
      const frame = box.current?.getBoundingClientRect();
      const middle = { x: (frame?.left ?? 0) + (frame?.width ?? 0) / 2 - 130, y: (frame?.top ?? 0) + 80 };
      const handleId = state.focusId ? freeHandle(graph, state.focusId) : undefined;
      offer(state.focusId && handleId ? { at: middle, from: { nodeId: state.focusId, handleId } } : { at: middle, place: middle });
    };
    const withCommand = (event: KeyboardEvent): (() => void) | undefined => {
      const state = store.getState();
      switch (event.key.toLowerCase()) {
        case "z":
          return event.shiftKey ? state.redo : state.undo;
        case "y":
          return state.redo;
        case "a":
          return () => state.select(graphNow(state).nodes.map((node) => node.id));
        case "d":
          return () => {
            let ids: string[] = [];
            state.change((graph) => {
              const pasted = duplicate(graph, selectedIds(state));
              ({ ids } = pasted);
              return pasted.graph;
            });
            store.getState().select(ids);
          };
        case "f":
          return () => openBuilderPanel("search");
        case "enter":
          return () => openBuilderPanel("run");
        default:
          return undefined;
      }
    };
    const plain = (event: KeyboardEvent): (() => void) | undefined => {
      const state = store.getState();
      switch (event.key) {
        case "Delete":
        case "Backspace":
          return state.removeSelected;
        case "?":
          return () => openBuilderPanel("help");
        case "a":
        case "+":
          return state.editable ? offerBehind : undefined;
        case "c":
          return state.editable && state.focusId ? () => openBuilderPanel("connect") : undefined;
        case "l":
          return () => openBuilderPanel("layout");
        case "0":
          return () => void fitView({ padding: 0.15, maxZoom: 1, duration: glide(150) });
        case "=":
          return () => void zoomIn({ duration: glide(100) });
        case "-":
          return () => void zoomOut({ duration: glide(100) });
        default:
          return undefined;
      }
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (isWriting(event.target) || event.defaultPrevented) return;
      const inCanvas = event.target === document.body || (event.target instanceof Node && box.current?.contains(event.target));
      const isCommand = event.metaKey || event.ctrlKey;
      if (!isCommand && !inCanvas) return;
      const act = isCommand ? withCommand(event) : event.altKey ? undefined : plain(event);
      if (!act) return;
      event.preventDefault();
      act();
    };
    const onCopy = (event: ClipboardEvent) => {
      const chosen = selectedIds(store.getState());
      if (isWriting(event.target) || chosen.length === 0 || !document.getSelection()?.isCollapsed) return;
      event.clipboardData?.setData("text/plain", JSON.stringify(copyPart(graphNow(store.getState()), chosen)));
      event.preventDefault();
      if (event.type === "cut") store.getState().removeSelected();
    };
    const onPaste = (event: ClipboardEvent) => {
      if (isWriting(event.target)) return;
      const part = partOf(event.clipboardData?.getData("text/plain") ?? "");
      if (!part) return;
      event.preventDefault();
      let ids: string[] = [];
      store.getState().change((graph) => {
        const focus = nodeById(graph, store.getState().focusId ?? "");
        const inside = focus && ["iteration", "loop"].includes(kindOf(focus)) ? focus.id : undefined;
        const pasted = pastePart(graph, part, inside ? { x: 0, y: 0 } : { x: 40, y: 40 }, inside);
        ({ ids } = pasted);
        return pasted.graph;
      });
      store.getState().select(ids);
    };
    document.addEventListener("keydown", onKeyDown);
    document.addEventListener("copy", onCopy);
    document.addEventListener("cut", onCopy);
    document.addEventListener("paste", onPaste);
    return () => {
      document.removeEventListener("keydown", onKeyDown);
      document.removeEventListener("copy", onCopy);
      document.removeEventListener("cut", onCopy);
      document.removeEventListener("paste", onPaste);
    };
  }, [store, box, offer, fitView, zoomIn, zoomOut]);
}
