/** What a run's stream can say: the generated union, and what the page asks about it. */
import type { RunEvent } from "./events.generated";

export type { RunEvent, Source } from "./events.generated";

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
}

export type RunEventKind = RunEvent["kind"];

/** A node's usage as far as its model counted it. */
export function usageOf(value: { prompt_tokens?: unknown; completion_tokens?: unknown }): Usage | null {
  const { prompt_tokens: prompt, completion_tokens: completion } = value;
  return typeof prompt === "number" && typeof completion === "number"
    ? { prompt_tokens: prompt, completion_tokens: completion }
    : null;
}

/** A tool's failure: the event carries its code, and what the model was told as output. */
export function toolError(result: { error: string; output: string | null }): { code: string; message: string } | null {
  return result.error ? { code: result.error, message: result.output ?? "" } : null;
}

/** Keyed by kind, so that the compiler notices a kind that is missing here. */
const KINDS: Record<RunEventKind, true> = {
  run_started: true,
  node_started: true,
  text_delta: true,
  text_reset: true,
  sources: true,
  tool_call: true,
  tool_result: true,
  node_finished: true,
  node_failed: true,
  node_retried: true,
  round_started: true,
  round_finished: true,
  variable_assigned: true,
  human_input_required: true,
  human_input_given: true,
  agent_note: true,
  prompt_sent: true,
  annotation_reply: true,
  run_paused: true,
  run_finished: true,
  run_failed: true,
  run_cancelled: true,
};

export function isRunEventKind(kind: string): kind is RunEventKind {
  return Object.hasOwn(KINDS, kind);
}

/** Nothing follows these on a stream. */
export function endsStream(event: RunEvent): boolean {
  return ["run_finished", "run_failed", "run_cancelled", "run_paused"].includes(event.kind);
}
