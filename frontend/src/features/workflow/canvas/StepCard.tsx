/** A node on the canvas: icon, title, what it works with, its ways out, what is wrong with it, and what it did in the run. */
import { Text, Tooltip } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Handle, Position, type NodeProps } from "@xyflow/react";
import { memo } from "react";
import { handlesOf, hasInput } from "../graph/handles";
import { kindOf, SOURCE, TARGET, titleOf, type GraphNode } from "../graph/model";
import { useBuilder } from "../store/BuilderContext";
import type { StepNode } from "../store/flow";
import { useWords } from "../words";
import { AddAfter } from "./AddAfter";
import classes from "./canvas.module.css";
import { KindIcon } from "./kindIcons";
import { RunChip, useRunMark } from "./RunChip";
import { isSameCard } from "./sameCard";

export const StepCard = memo(function StepCard({ data: { node }, selected }: NodeProps<StepNode>) {
  const words = useWords();
  const mark = useRunMark(node.id);
  const handles = handlesOf(node);
  const branches = handles.filter((handle) => handle.role !== "out");
  return (
    <div className={classes.step} data-selected={selected || undefined} data-run={mark}>
      {hasInput(node) && <Handle type="target" id={TARGET} position={Position.Left} className={classes.handle} style={{ top: 26 }} />}
      <CardHead node={node} />
      <Target node={node} />
      {branches.length > 0 && (
        <div className={classes.branches}>
          {branches.map((handle) => (
            <div key={handle.id} className={classes.branch} data-role={handle.role}>
              <Text size="xs" truncate>
                {words.handle(handle, branches.indexOf(handle))}
              </Text>
              <Handle type="source" id={handle.id} position={Position.Right} className={classes.handle} />
              <AddAfter nodeId={node.id} handleId={handle.id} />
            </div>
          ))}
        </div>
      )}
      <Trouble node={node} />
      {handles.some((handle) => handle.id === SOURCE && handle.role === "out") && (
        <>
          <Handle type="source" id={SOURCE} position={Position.Right} className={classes.handle} style={{ top: 26 }} />
          <AddAfter nodeId={node.id} handleId={SOURCE} top={26} />
        </>
      )}
    </div>
  );
}, isSameCard);

export function CardHead({ node }: { node: GraphNode }) {
  return (
    <div className={classes.cardHead}>
      <KindIcon kind={kindOf(node)} />
      <Text fw={600} size="sm" truncate flex={1} miw={0}>
        {titleOf(node)}
      </Text>
      <RunChip nodeId={node.id} />
    </div>
  );
}

function Target({ node }: { node: GraphNode }) {
  const target = useBuilder((state) => state.targets.get(node.id) ?? "");
  if (!target) return null;
  return (
    <Text size="xs" c="dimmed" truncate className={classes.target}>
      {target}
    </Text>
  );
}

export function Trouble({ node }: { node: GraphNode }) {
  const words = useWords();
  const problems = useBuilder((state) => state.problems.get(node.id));
  const [first, ...more] = problems ?? [];
  if (!first) return null;
  const texts = [first, ...more].map(words.problem);
  return (
    <Tooltip label={texts.join("\n")} multiline maw={360} style={{ whiteSpace: "pre-line" }} disabled={more.length === 0}>
      <div className={classes.trouble} data-severity={first.severity}>
        <IconAlertTriangle size={13} aria-hidden />
        <span>
          {texts[0]}
          {more.length > 0 && ` (+${more.length})`}
        </span>
      </div>
    </Tooltip>
  );
}
