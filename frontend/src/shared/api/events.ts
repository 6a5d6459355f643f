/** The closed union of what a run's stream can say. */
import type { JsonObject } from "./types";

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
}

export interface Source {
  position: number;
  dataset_id: string;
  document_id: string;
  document_name: string;
  chunk_id: string;
  page: number | null;
  score: number;
  text: string;
  cited: boolean;
}

interface EventBase {
  run_id: string;
  seq: number;
  at: string;
}

export type RunEvent = EventBase &
  (
    | { kind: "run_started"; app_id: string | null; conversation_id: string | null; inputs: JsonObject; attempt: number }
    | { kind: "node_started"; node_id: string; node_kind: string; title: string; inputs: JsonObject }
    | { kind: "text_delta"; node_id: string; text: string }
    | { kind: "text_reset"; node_id: string; text: string }
    | { kind: "sources"; node_id: string; sources: Source[] }
    | { kind: "tool_call"; node_id: string; call_id: string; name: string; arguments: JsonObject; thought: string | null }
    | {
        kind: "tool_result";
        node_id: string;
        call_id: string;
        name: string;
        output: string;
        error: { code: string; message: string } | null;
        elapsed_ms: number;
      }
    | { kind: "node_finished"; node_id: string; node_kind: string; outputs: JsonObject; usage: Usage | null; elapsed_ms: number }
    | { kind: "node_failed"; node_id: string; node_kind: string; code: string; message: string }
    | { kind: "human_input_required"; node_id: string }
    | { kind: "run_paused" }
    | { kind: "run_finished"; outputs: JsonObject; usage: Usage | null; elapsed_ms: number; cost: string | null }
    | { kind: "run_failed"; code: string; message: string }
    | { kind: "run_cancelled" }
  );

export type RunEventKind = RunEvent["kind"];

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
  human_input_required: true,
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
