/** The canvas: draws the graph, takes what the hand and the keys do to it. */
import { Background, BackgroundVariant, MiniMap, Panel, ReactFlow, useReactFlow, type Connection, type FinalConnectionState, type IsValidConnection, type Viewport } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useCallback, useEffect, useMemo, useRef, useState, type DragEvent, type MouseEvent as ReactMouseEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { canConnect, connect } from "../graph/edit";
import { kindOf, nodeById, SOURCE, type Point } from "../graph/model";
import { graphNow, type BuilderStore } from "../store/builder";
import { useBuilder, useBuilderStore } from "../store/BuilderContext";
import type { FlowEdge } from "../store/flow";
import classes from "./canvas.module.css";
import { ContainerCard } from "./ContainerCard";
import { EdgeLine } from "./EdgeLine";
import { DRAG_TYPE, NodePicker } from "./NodePicker";
import { OfferContext, type Offer } from "./OfferContext";
import { EntryCard, NoteCard } from "./SmallCards";
import { usePanels } from "./panels";
import { StepCard } from "./StepCard";
import { Toolbar } from "./Toolbar";
import { useAdding } from "./useAdding";
import { useKeepInSight } from "./useKeepInSight";
import { useShortcuts } from "./useShortcuts";

const NODE_TYPES = { step: StepCard, container: ContainerCard, entry: EntryCard, note: NoteCard };
const EDGE_TYPES = { line: EdgeLine };
const FIT = { padding: 0.15, maxZoom: 1, minZoom: 0.2 };
const FLOATING = { width: 260, height: 380 };
const SEVERAL = ["Meta", "Control"];
const PRO = { hideAttribution: true };
const MAP_SIZE = { width: 160, height: 104 };
/** From so many nodes on, only those in sight are drawn; from far nearly all are, and to ask each in every frame would cost more. */
const MANY = 150;
const CLOSE = 0.4;

export function Canvas({ narrow }: { narrow: boolean }) {
  const { t } = useTranslation();
  const store = useBuilderStore();
  const editable = useBuilder((state) => state.editable);
  const box = useRef<HTMLDivElement>(null);
  const [offer, setOffer] = useState<Offer | null>(null);
  const [map, setMap] = useState(!narrow);
  const { add, note } = useAdding();
  const { screenToFlowPosition, fitView } = useReactFlow();
  const running = usePanels((state) => state.open === "run");
  // The run takes room from the canvas: what was in sight stays in sight.
  useEffect(() => {
    if (running) requestAnimationFrame(() => void fitView(FIT));
  }, [running, fitView]);
  const closeOffer = useCallback(() => setOffer(null), []);
  const toggleMap = useCallback(() => setMap((shown) => !shown), []);
  const noteInMiddle = useCallback(() => note(middleOf(box.current)), [note]);
  useShortcuts(box, setOffer);
  useKeepInSight(box);

  const onDrop = (event: DragEvent) => {
    const kind = event.dataTransfer.getData(DRAG_TYPE);
    if (!kind || !editable) return;
    event.preventDefault();
    add(kind, { place: { x: event.clientX - 60, y: event.clientY - 20 } });
  };
  return (
    <OfferContext value={setOffer}>
      <div ref={box} className={classes.canvas} onDrop={onDrop} onDragOver={(event) => event.preventDefault()} data-testid="canvas">
        <Flow store={store} editable={editable} onOffer={setOffer} onClose={closeOffer}>
          <Background variant={BackgroundVariant.Dots} gap={20} size={1.2} />
          {map && !running && <MiniMap pannable zoomable ariaLabel={t("workflow.minimap")} nodeColor="var(--graph-mini)" style={MAP_SIZE} />}
          <Panel position={narrow ? "top-right" : "bottom-left"}>
            <Toolbar narrow={narrow} map={map} onMap={toggleMap} onNote={noteInMiddle} onOffer={setOffer} />
          </Panel>
        </Flow>
        {offer && (
          <Floating at={offer.at}>
            <NodePicker
              autoFocus
              behind={Boolean(offer.from ?? offer.edge)}
              parentKind={parentKindOf(offer)}
              onClose={closeOffer}
              onPick={(kind) => {
                closeOffer();
                add(kind, offer);
                box.current?.focus();
              }}
            />
          </Floating>
        )}
      </div>
    </OfferContext>
  );

  function parentKindOf({ from, edge, place }: Offer): string {
    const graph = graphNow(store.getState());
    const beside = nodeById(graph, from?.nodeId ?? edge?.source ?? "");
    if (beside) return kindOf(nodeById(graph, beside.parentId ?? "") ?? { id: "", type: "", position: { x: 0, y: 0 }, data: {} });
    const at = place ? screenToFlowPosition(place) : null;
    const under = at && graph.nodes.find((node) => node.width && node.height && !node.parentId && at.x > node.position.x && at.x < node.position.x + node.width && at.y > node.position.y && at.y < node.position.y + node.height);
    return under ? kindOf(under) : "";
  }
}

interface FlowProps {
  store: BuilderStore;
  editable: boolean;
  onOffer: (offer: Offer) => void;
  onClose: () => void;
  children: ReactNode;
}

/** Follows every move of a hand: what it hands on must stay the same from one frame to the next, or everything is compared anew. */
function Flow({ store, editable, onOffer, onClose, children }: FlowProps) {
  const { t } = useTranslation();
  const nodes = useBuilder((state) => state.flowNodes);
  const edges = useBuilder((state) => state.flowEdges);
  const { onNodesChange, onEdgesChange, onDrag } = store.getState();
  const [isClose, setClose] = useState(false);
  const onMoveEnd = useCallback((_: unknown, { zoom }: Viewport) => setClose(zoom > CLOSE), []);
  const onDragStart = useCallback(() => onDrag(true), [onDrag]);
  const onDragStop = useCallback(() => onDrag(false), [onDrag]);
  const isValid: IsValidConnection<FlowEdge> = useCallback((edge) => canConnect(graphNow(store.getState()), { source: edge.source, sourceHandle: edge.sourceHandle ?? SOURCE, target: edge.target }), [store]);
  const onConnect = useCallback(({ source, sourceHandle, target }: Connection) => store.getState().change((graph) => connect(graph, { source, sourceHandle: sourceHandle ?? SOURCE, target })), [store]);
  const onConnectEnd = useCallback(
    (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
      if (state.isValid || state.toNode || state.fromHandle?.type !== "source" || !state.fromNode) return;
      const at = pointOf(event);
      onOffer({ at, place: { x: at.x, y: at.y - 26 }, from: { nodeId: state.fromNode.id, handleId: state.fromHandle.id ?? SOURCE } });
    },
    [onOffer],
  );
  const onDoubleClick = useCallback(
    (event: ReactMouseEvent) => {
      if (!editable || !(event.target as Element).classList.contains("react-flow__pane")) return;
      const at = { x: event.clientX, y: event.clientY };
      onOffer({ at, place: at });
    },
    [editable, onOffer],
  );
  const labels = useMemo(
    () => ({ "node.a11yDescription.default": t("workflow.reader.node"), "node.a11yDescription.keyboardDisabled": t("workflow.reader.node"), "edge.a11yDescription.default": t("workflow.reader.edge") }),
    [t],
  );
  return (
    <ReactFlow
      nodes={nodes}
      edges={edges}
      nodeTypes={NODE_TYPES}
      edgeTypes={EDGE_TYPES}
      onNodesChange={onNodesChange}
      onEdgesChange={onEdgesChange}
      onNodeDragStart={onDragStart}
      onNodeDragStop={onDragStop}
      onMoveEnd={onMoveEnd}
      onConnect={onConnect}
      onConnectEnd={onConnectEnd}
      isValidConnection={isValid}
      onPaneClick={onClose}
      onDoubleClick={onDoubleClick}
      nodesDraggable={editable}
      nodesConnectable={editable}
      deleteKeyCode={null}
      selectionKeyCode="Shift"
      multiSelectionKeyCode={SEVERAL}
      zoomOnDoubleClick={false}
      panOnScroll
      minZoom={0.15}
      maxZoom={2}
      fitView
      fitViewOptions={FIT}
      onlyRenderVisibleElements={isClose && nodes.length > MANY}
      proOptions={PRO}
      ariaLabelConfig={labels}
    >
      {children}
    </ReactFlow>
  );
}

function pointOf(event: MouseEvent | TouchEvent): Point {
  const touch = "changedTouches" in event ? event.changedTouches[0] : event;
  return { x: touch?.clientX ?? 0, y: touch?.clientY ?? 0 };
}

export function middleOf(box: HTMLElement | null): Point {
  const { left = 0, top = 0, width = 0, height = 0 } = box?.getBoundingClientRect() ?? {};
  return { x: left + width / 2 - 120, y: top + height / 2 - 60 };
}

/** A list at a point of the window, kept inside it. */
function Floating({ at, children }: { at: Point; children: React.ReactNode }) {
  const left = Math.max(8, Math.min(at.x, window.innerWidth - FLOATING.width - 8));
  const top = Math.max(8, Math.min(at.y, window.innerHeight - FLOATING.height - 8));
  return (
    <div className={classes.floating} style={{ left, top }}>
      {children}
    </div>
  );
}
