/** A node that holds a graph of its own: an iteration or a loop. */
import { Handle, NodeResizer, Position, type NodeProps } from "@xyflow/react";
import { memo } from "react";
import { handlesOf } from "../graph/handles";
import { TARGET } from "../graph/model";
import { useBuilder } from "../store/BuilderContext";
import type { StepNode } from "../store/flow";
import { useWords } from "../words";
import { AddAfter } from "./AddAfter";
import classes from "./canvas.module.css";
import { useRunMark } from "./RunChip";
import { CardHead, Trouble } from "./StepCard";
import { isSameCard } from "./sameCard";

const HANDLE_TOP = 26;
const HANDLE_STEP = 26;

export const ContainerCard = memo(function ContainerCard({ data: { node }, selected }: NodeProps<StepNode>) {
  const words = useWords();
  const editable = useBuilder((state) => state.editable);
  const mark = useRunMark(node.id);
  return (
    <div className={classes.container} data-selected={selected || undefined} data-run={mark}>
      <NodeResizer isVisible={selected && editable} minWidth={320} minHeight={200} color="var(--accent-text)" />
      <Handle type="target" id={TARGET} position={Position.Left} className={classes.handle} style={{ top: HANDLE_TOP }} />
      <CardHead node={node} />
      <Trouble node={node} />
      {handlesOf(node).map((handle, index) => (
        <span key={handle.id} title={handle.role === "fail" ? words.handle(handle, index) : undefined}>
          <Handle type="source" id={handle.id} position={Position.Right} className={classes.handle} style={{ top: HANDLE_TOP + index * HANDLE_STEP }} />
        </span>
      ))}
      <AddAfter nodeId={node.id} handleId="source" top={HANDLE_TOP} />
    </div>
  );
}, isSameCard);
