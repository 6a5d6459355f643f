/** The shapes of runs as the console API lists them. */
import type { AppMode, Json, JsonObject } from "./types";
import type { Source, Usage } from "./events";

export type RunStatus = "queued" | "running" | "succeeded" | "failed" | "cancelled" | "paused";

export interface Feedback {
  rating: "like" | "dislike" | null;
  comment: string | null;
}

export interface RunSummary {
  id: string;
  app: { id: string; name: string; mode: AppMode } | null;
  source: "console" | "service_api" | "openai";
  status: RunStatus;
  query: string | null;
  answer: string | null;
  inputs: JsonObject;
  error: { code: string; message: string } | null;
  model: string | null;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  cost: string | null;
  elapsed_ms: number | null;
  ttft_ms: number | null;
  end_user: string | null;
  conversation_id: string | null;
  /** 0 for the first. */
  attempt: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
}

/** A run as the messages of a conversation carry it. */
export interface Message extends RunSummary {
  sources: Source[] | null;
  feedback: Feedback | null;
}

export interface ToolCallRecord {
  call_id: string;
  name: string;
  arguments: JsonObject;
  thought: string | null;
  output: string | null;
  error: string;
  elapsed_ms: number | null;
}

export interface RunNode {
  node_id: string;
  kind: string;
  title: string;
  status: string;
  inputs: Json;
  outputs: Json;
  error: { code: string; message: string } | null;
  usage: Usage | null;
  /** ISO 8601, or seconds since 1970. */
  started_at: string | number | null;
  elapsed_ms: number | null;
  attempts: number;
  sources?: Source[] | null;
  tool_calls?: ToolCallRecord[] | null;
}

export interface RunDetail extends RunSummary {
  outputs: JsonObject | null;
  nodes: RunNode[];
  feedback: Feedback | null;
}
