/** Written by `python -m django docs_write` from agents/events.py: change it there. */
import type { JsonObject } from "./types";

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
  dataset_name: string;
}

interface Numbered {
  run_id: string;
  seq: number;
  at: string;
}

export interface RunStarted extends Numbered {
  kind: "run_started";
  app_id: string;
  conversation_id: string;
  inputs: JsonObject;
}

export interface NodeStarted extends Numbered {
  kind: "node_started";
  node_id: string;
  node_kind: string;
  title: string;
  inputs: JsonObject;
}

export interface TextDelta extends Numbered {
  kind: "text_delta";
  node_id: string;
  text: string;
}

export interface TextReset extends Numbered {
  kind: "text_reset";
  node_id: string;
  text: string;
}

export interface Sources extends Numbered {
  kind: "sources";
  node_id: string;
  sources: Source[];
}

export interface ToolCalled extends Numbered {
  kind: "tool_call";
  node_id: string;
  step: number;
  call_id: string;
  name: string;
  arguments: JsonObject;
  thought: string;
}

export interface ToolResult extends Numbered {
  kind: "tool_result";
  node_id: string;
  step: number;
  call_id: string;
  name: string;
  output: string;
  error: string;
  elapsed_ms: number;
}

export interface NodeFinished extends Numbered {
  kind: "node_finished";
  node_id: string;
  node_kind: string;
  outputs: JsonObject;
  usage: JsonObject;
  elapsed_ms: number;
  model: string;
  handle: string;
}

export interface NodeFailed extends Numbered {
  kind: "node_failed";
  node_id: string;
  node_kind: string;
  code: string;
  message: string;
}

export interface HumanInputRequired extends Numbered {
  kind: "human_input_required";
  node_id: string;
  form: JsonObject;
}

export interface RunPaused extends Numbered {
  kind: "run_paused";
  reasons: string[];
}

export interface RunFinished extends Numbered {
  kind: "run_finished";
  outputs: JsonObject;
  usage: JsonObject;
  elapsed_ms: number;
  cost: string;
}

export interface RunFailed extends Numbered {
  kind: "run_failed";
  code: string;
  message: string;
}

export interface RunCancelled extends Numbered {
  kind: "run_cancelled";
}

export type RunEvent =
  | RunStarted
  | NodeStarted
  | TextDelta
  | TextReset
  | Sources
  | ToolCalled
  | ToolResult
  | NodeFinished
  | NodeFailed
  | HumanInputRequired
  | RunPaused
  | RunFinished
  | RunFailed
  | RunCancelled;
