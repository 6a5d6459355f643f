/** The tools of the canvas: undo, zoom, arrange, search, notes, map, keys. Each says its key. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconArrowBackUp, IconArrowForwardUp, IconKeyboard, IconLayoutDistributeVertical, IconMap, IconMaximize, IconNote, IconPlus, IconSearch, IconZoomIn, IconZoomOut, type Icon } from "@tabler/icons-react";
import { useReactFlow } from "@xyflow/react";
import { memo, useCallback, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { glide } from "@/shared/ui/motion";
import { arranged } from "../graph/layout";
import { measuredSizes } from "../store/builder";
import { useBuilder, useBuilderStore } from "../store/BuilderContext";
import classes from "./canvas.module.css";
import type { Offer } from "./OfferContext";
import { closeBuilderPanel, openBuilderPanel, usePanels } from "./panels";

interface ToolbarProps {
  narrow: boolean;
  map: boolean;
  onMap: () => void;
  onNote: () => void;
  onOffer: (offer: Offer) => void;
}

export const Toolbar = memo(function Toolbar({ narrow, map, onMap, onNote, onOffer }: ToolbarProps) {
  const { t } = useTranslation();
  const store = useBuilderStore();
  const editable = useBuilder((state) => state.editable);
  const canUndo = useBuilder((state) => state.history.past.length > 0);
  const canRedo = useBuilder((state) => state.history.future.length > 0);
  const { fitView, zoomIn, zoomOut } = useReactFlow();
  const { undo, redo } = store.getState();
  const fit = useCallback(() => void fitView({ padding: 0.15, maxZoom: 1, duration: glide(150) }), [fitView]);
  const arrange = useCallback(() => {
    store.getState().change((graph) => arranged(graph, measuredSizes(store.getState())));
    requestAnimationFrame(fit);
  }, [store, fit]);
  const wanted = usePanels((state) => state.open === "layout");
  useEffect(() => {
    if (!wanted) return;
    closeBuilderPanel();
    arrange();
  }, [wanted, arrange]);
  return (
    <div className={classes.toolbar} role="toolbar" aria-label={t("workflow.tools.title")}>
      {editable && (
        <>
          <Tool icon={IconPlus} label={t("workflow.tools.add")} hotkey="A" onClick={(event) => onOffer({ at: { x: event.clientX, y: event.clientY - 390 }, place: middleOf() })} />
          <Tool icon={IconNote} label={t("workflow.tools.note")} onClick={onNote} />
          <span className={classes.divider} />
          <Tool icon={IconArrowBackUp} label={t("workflow.tools.undo")} hotkey="⌘Z" onClick={undo} disabled={!canUndo} />
          <Tool icon={IconArrowForwardUp} label={t("workflow.tools.redo")} hotkey="⌘⇧Z" onClick={redo} disabled={!canRedo} />
          <Tool icon={IconLayoutDistributeVertical} label={t("workflow.tools.arrange")} hotkey="L" onClick={arrange} />
          <span className={classes.divider} />
        </>
      )}
      <Tool icon={IconZoomOut} label={t("workflow.tools.zoomOut")} hotkey="−" onClick={() => void zoomOut({ duration: glide(100) })} />
      <Tool icon={IconZoomIn} label={t("workflow.tools.zoomIn")} hotkey="=" onClick={() => void zoomIn({ duration: glide(100) })} />
      <Tool icon={IconMaximize} label={t("workflow.tools.fit")} hotkey="0" onClick={fit} />
      <span className={classes.divider} />
      <Tool icon={IconSearch} label={t("workflow.tools.search")} hotkey="⌘F" onClick={() => openBuilderPanel("search")} />
      {!narrow && (
        <>
          <Tool icon={IconMap} label={t("workflow.minimap")} onClick={onMap} pressed={map} />
          <Tool icon={IconKeyboard} label={t("workflow.tools.keys")} hotkey="?" onClick={() => openBuilderPanel("help")} />
        </>
      )}
    </div>
  );
});

function middleOf() {
  return { x: window.innerWidth / 2, y: window.innerHeight / 2 };
}

interface ToolProps {
  icon: Icon;
  label: string;
  hotkey?: string;
  disabled?: boolean;
  pressed?: boolean;
  onClick: (event: React.MouseEvent) => void;
}

function Tool({ icon: Glyph, label, hotkey, disabled, pressed, onClick }: ToolProps) {
  return (
    <Tooltip label={hotkey ? `${label} · ${hotkey}` : label}>
      <ActionIcon variant={pressed ? "light" : "subtle"} size={30} onClick={onClick} disabled={disabled} aria-label={label} aria-pressed={pressed}>
        <Glyph size={17} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  );
}
