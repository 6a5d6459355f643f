/** An edge; in its middle, where the pointer is, a plus puts a node into it and a cross removes it. */
import { ActionIcon } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { BaseEdge, EdgeLabelRenderer, getBezierPath, type EdgeProps } from "@xyflow/react";
import { memo, useState } from "react";
import { useTranslation } from "react-i18next";
import { removeEdges } from "../graph/edit";
import type { GraphEdge } from "../graph/model";
import { useBuilder, useEditable } from "../store/BuilderContext";
import type { FlowEdge } from "../store/flow";
import classes from "./canvas.module.css";
import { useOffer } from "./OfferContext";

export const EdgeLine = memo(function EdgeLine(props: EdgeProps<FlowEdge>) {
  const { id, data, selected = false, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition } = props;
  const editable = useEditable();
  const [hovered, setHovered] = useState(false);
  const [path, x, y] = getBezierPath({ sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, curvature: 0.3 });
  const shown = (hovered || selected) && editable;
  return (
    <g onMouseEnter={() => setHovered(true)} onMouseLeave={() => setHovered(false)}>
      <BaseEdge id={id} path={path} interactionWidth={24} style={{ strokeWidth: selected || hovered ? 2 : 1.5 }} />
      {shown && data && <EdgeTools edge={data.edge} x={x} y={y} selected={selected} />}
    </g>
  );
});

/** Made only where the pointer or the choice is: a hand that moves a node draws its edges anew in every frame. */
function EdgeTools({ edge, x, y, selected }: { edge: GraphEdge; x: number; y: number; selected: boolean }) {
  const { t } = useTranslation();
  const offer = useOffer();
  const change = useBuilder((state) => state.change);
  const tabIndex = selected ? 0 : -1;
  return (
    <EdgeLabelRenderer>
      <div className={`${classes.edgeTools} nodrag nopan`} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
        <ActionIcon.Group>
          <ActionIcon
            size={20}
            variant="filled"
            color="accent"
            tabIndex={tabIndex}
            aria-label={t("workflow.insertNode")}
            onClick={(event) => offer({ edge, at: { x: event.clientX + 8, y: event.clientY }, place: { x: event.clientX - 120, y: event.clientY - 30 } })}
          >
            <IconPlus size={13} />
          </ActionIcon>
          <ActionIcon size={20} variant="default" tabIndex={tabIndex} aria-label={t("workflow.removeEdge")} onClick={() => change((graph) => removeEdges(graph, [edge.id]))}>
            <IconX size={12} />
          </ActionIcon>
        </ActionIcon.Group>
      </div>
    </EdgeLabelRenderer>
  );
}
