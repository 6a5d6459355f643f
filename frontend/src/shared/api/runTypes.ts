/** The shapes of runs: as the schema has them, with what it leaves open said in the page's own words. */
import type { AppMode, Json, JsonObject } from "./types";
import type { RunEvent, Source, Usage } from "./events";
import type { components } from "./schema";

type Schemas = components["schemas"];
type Changed<T, Changes> = Omit<T, keyof Changes> & Changes;

export type RunStatus = Schemas["RunStatusEnum"];
export type RunSource = Schemas["SourceEnum"];
export type RunCount = Schemas["RunCount"];

export interface Feedback {
  rating: "like" | "dislike" | null;
  comment: string | null;
}

interface SummaryChanges {
  app: { id: string; name: string; mode: AppMode } | null;
  inputs: JsonObject;
}

export type RunSummary = Changed<Schemas["RunSummary"], SummaryChanges>;

/** A file that went with a question. */
export type RunFile = Schemas["RunFile"];

/** A run as the messages of a conversation carry it. */
export interface Message extends RunSummary {
  files: RunFile[];
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

type Told<Kind extends RunEvent["kind"]> = Omit<Extract<RunEvent, { kind: Kind }>, "kind" | "run_id" | "seq" | "at" | "node_id">;

/** What a model was asked, of an agent's prompts what is new; `at` is Unix time in seconds. */
export type PromptRecord = Told<"prompt_sent"> & { at: number };
export type RetryRecord = Told<"node_retried"> & { at: number };
export type NoteRecord = Told<"agent_note">;

interface NodeChanges {
  inputs: Json;
  outputs: Json;
  usage: Usage | null;
  /** ISO 8601, or seconds since 1970. */
  started_at: string | number | null;
  sources?: Source[] | null;
  tool_calls?: ToolCallRecord[] | null;
  prompts?: PromptRecord[];
  retries?: RetryRecord[];
  notes?: NoteRecord[];
  variables?: JsonObject[];
  rounds?: JsonObject[];
  asks?: JsonObject[];
}

export type RunNode = Changed<Schemas["NodeTrace"], NodeChanges>;
/** What a paused run waits for; `expires_at` is Unix time in seconds, 0 for never. */
export type RunAsk = Changed<Schemas["Ask"], { form: JsonObject }>;
export type RunRequestCall = Changed<Schemas["RunRequest"], { body: JsonObject }>;

interface DetailChanges extends SummaryChanges {
  outputs: JsonObject | null;
  nodes: RunNode[];
  asks: RunAsk[];
  feedback: Feedback | null;
  request: RunRequestCall | null;
}

export type RunDetail = Changed<Schemas["Run"], DetailChanges>;
