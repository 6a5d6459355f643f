/** A node of a stored trace in the shape that a live one has. */
import { usageOf } from "@/shared/api/events";
import type { RunNode } from "@/shared/api/runTypes";
import { storedSteps } from "@/shared/sse/steps";
import { nodeOfPath, type Step, type StepStatus } from "./runModel";

const STATES: Readonly<Record<string, StepStatus>> = { running: "running", succeeded: "succeeded", failed: "failed", paused: "paused", cancelled: "cancelled", exception: "exception" };

export function storedStep(node: RunNode): Step {
  return {
    path: node.node_id,
    nodeId: nodeOfPath(node.node_id),
    kind: node.kind,
    title: node.title,
    status: STATES[node.status] ?? (node.error ? "failed" : "succeeded"),
    inputs: node.inputs,
    outputs: node.outputs,
    usage: node.usage ? usageOf(node.usage) : null,
    model: "",
    elapsedMs: node.elapsed_ms,
    error: node.error,
    text: "",
    retries: Math.max(0, node.attempts - 1),
    given: "",
    handle: "",
    rounds: 0,
    startedAt: "",
    calls: storedSteps(node),
    notes: [],
  };
}
