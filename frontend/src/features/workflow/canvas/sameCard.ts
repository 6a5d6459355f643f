/** Whether a card looks the same: while it is moved the canvas tells it where it stands, which its looks do not need. */
import type { NodeProps } from "@xyflow/react";
import type { StepNode } from "../store/flow";

export const isSameCard = (before: NodeProps<StepNode>, after: NodeProps<StepNode>): boolean => before.data === after.data && before.selected === after.selected;
