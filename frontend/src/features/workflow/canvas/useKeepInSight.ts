/** The inspector takes room from the canvas when it opens: the node that it shows does not end up behind it. */
import { useReactFlow } from "@xyflow/react";
import { useLayoutEffect, type RefObject } from "react";
import { glide } from "@/shared/ui/motion";
import { useBuilder } from "../store/BuilderContext";

const MARGIN = 56;
/** Farther out than this a node was out of sight before: whoever chose it brings it in by themselves. */
const INSPECTOR = 480;

export function useKeepInSight(box: RefObject<HTMLDivElement | null>): void {
  const shownId = useBuilder((state) => state.inspectedId);
  const { getViewport, setViewport } = useReactFlow();
  // Before the inspector is painted: nothing moves under a hand that has seen it. A node that was just added is drawn a frame later.
  useLayoutEffect(() => {
    if (!shownId) return;
    const cardOf = () => box.current?.querySelector(`.react-flow__node[data-id="${CSS.escape(shownId)}"]`);
    const keep = () => {
      const card = cardOf()?.getBoundingClientRect();
      const over = card && box.current ? card.right + MARGIN - box.current.getBoundingClientRect().right : 0;
      if (over <= 0 || over > INSPECTOR) return;
      const { x, y, zoom } = getViewport();
      void setViewport({ x: x - over, y, zoom }, { duration: glide(150) });
    };
    if (cardOf()) return keep();
    const frame = requestAnimationFrame(keep);
    return () => cancelAnimationFrame(frame);
  }, [shownId, box, getViewport, setViewport]);
}
