/** Written by `python -m django docs_write` from agents/events.py: change it there. */
import type { Json, JsonObject } from "./types";

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
  source: string;
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
  files: JsonObject[];
}

export interface AgentNoted extends Numbered {
  kind: "agent_note";
  node_id: string;
  step: number;
  note: string;
  text: string;
  told: string;
}

export interface PromptSent extends Numbered {
  kind: "prompt_sent";
  node_id: string;
  model: string;
  messages: Json;
  kept: number;
  tools: string[];
  parameters: JsonObject;
}

export interface AnnotationReply extends Numbered {
  kind: "annotation_reply";
  outcome: string;
  threshold: number;
  elapsed_ms: number;
  annotation_id: string;
  question: string;
  answer: string;
  score: number;
  author_id: string;
  author: string;
  message: string;
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
  failure: JsonObject;
  given: string;
}

export interface NodeFailed extends Numbered {
  kind: "node_failed";
  node_id: string;
  node_kind: string;
  code: string;
  message: string;
}

export interface NodeRetried extends Numbered {
  kind: "node_retried";
  node_id: string;
  attempt: number;
  code: string;
  message: string;
  delay_s: number;
}

export interface RoundStarted extends Numbered {
  kind: "round_started";
  node_id: string;
  index: number;
  values: JsonObject;
}

export interface RoundFinished extends Numbered {
  kind: "round_finished";
  node_id: string;
  index: number;
  output: Json;
  failure: JsonObject;
  elapsed_ms: number;
}

export interface VariableAssigned extends Numbered {
  kind: "variable_assigned";
  node_id: string;
  selector: string[];
  value: Json;
}

export interface HumanInputRequired extends Numbered {
  kind: "human_input_required";
  node_id: string;
  form: JsonObject;
  ask: string;
  expires_at: number;
}

export interface HumanInputGiven extends Numbered {
  kind: "human_input_given";
  node_id: string;
  ask: string;
  values: JsonObject;
  by: string;
  timed_out: boolean;
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
  exceptions: number;
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
  | AgentNoted
  | PromptSent
  | AnnotationReply
  | NodeFinished
  | NodeFailed
  | NodeRetried
  | RoundStarted
  | RoundFinished
  | VariableAssigned
  | HumanInputRequired
  | HumanInputGiven
  | RunPaused
  | RunFinished
  | RunFailed
  | RunCancelled;
