/** What is not a step: the fixed beginning inside a container, and notes for people. */
import { IconPlayerPlay } from "@tabler/icons-react";
import { Handle, NodeResizer, Position, type NodeProps } from "@xyflow/react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { updateData } from "../graph/edit";
import { SOURCE } from "../graph/model";
import { noteState, noteText } from "../graph/notes";
import { useBuilder } from "../store/BuilderContext";
import type { StepNode } from "../store/flow";
import { AddAfter } from "./AddAfter";
import classes from "./canvas.module.css";
import { isSameCard } from "./sameCard";

export const EntryCard = memo(function EntryCard({ data: { node } }: NodeProps<StepNode>) {
  return (
    <div className={classes.entry}>
      <IconPlayerPlay size={18} aria-hidden />
      <Handle type="source" id={SOURCE} position={Position.Right} className={classes.handle} />
      <AddAfter nodeId={node.id} handleId={SOURCE} />
    </div>
  );
}, isSameCard);

export const NoteCard = memo(function NoteCard({ data: { node }, selected }: NodeProps<StepNode>) {
  const { t } = useTranslation();
  const change = useBuilder((state) => state.change);
  const editable = useBuilder((state) => state.editable);
  return (
    <div className={classes.note} data-selected={selected || undefined}>
      <NodeResizer isVisible={selected && editable} minWidth={140} minHeight={70} color="var(--accent-text)" />
      <textarea
        className={selected ? "nodrag nowheel" : undefined}
        style={{ pointerEvents: selected ? "auto" : "none" }}
        aria-label={t("workflow.note")}
        placeholder={t("workflow.notePlaceholder")}
        readOnly={!editable}
        tabIndex={selected ? 0 : -1}
        value={noteText(node.data)}
        onChange={(event) => {
          const text = noteState(event.currentTarget.value);
          change((graph) => updateData(graph, node.id, { text }), `note ${node.id}`);
        }}
      />
    </div>
  );
}, isSameCard);
