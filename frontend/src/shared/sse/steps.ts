/** The tool calls of a stored trace in the shape that a live run has. */
import { toolError } from "@/shared/api/events";
import type { RunNode } from "@/shared/api/runTypes";
import type { StepView } from "./runView";

export function storedSteps(node: RunNode): StepView[] {
  return (node.tool_calls ?? []).map((call) => ({
    callId: call.call_id,
    nodeId: node.node_id,
    name: call.name,
    arguments: call.arguments,
    thought: call.thought || null,
    output: call.output,
    error: toolError(call),
    elapsedMs: call.elapsed_ms,
  }));
}
