/** The inspector takes room from the canvas when it opens: the node that it shows does not end up behind it. */
import { useReactFlow } from "@xyflow/react";
import { useEffect, type RefObject } from "react";
import { useBuilder } from "../store/BuilderContext";

const MARGIN = 56;
/** Farther out than this a node was out of sight before: whoever chose it brings it in by themselves. */
const INSPECTOR = 480;

export function useKeepInSight(box: RefObject<HTMLDivElement | null>): void {
  const shownId = useBuilder((state) => state.inspectedId);
  const { getViewport, setViewport } = useReactFlow();
  useEffect(() => {
    if (!shownId) return;
    const frame = requestAnimationFrame(() => {
      const card = box.current?.querySelector(`.react-flow__node[data-id="${CSS.escape(shownId)}"]`)?.getBoundingClientRect();
      const over = card && box.current ? card.right + MARGIN - box.current.getBoundingClientRect().right : 0;
      if (over <= 0 || over > INSPECTOR) return;
      const { x, y, zoom } = getViewport();
      void setViewport({ x: x - over, y, zoom }, { duration: 150 });
    });
    return () => cancelAnimationFrame(frame);
  }, [shownId, box, getViewport, setViewport]);
}
