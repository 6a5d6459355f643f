/** The console API's shapes, as its contract states them; the generated schema takes this file's place. */

export type Role = "owner" | "admin" | "editor" | "viewer";
export type AppMode = "completion" | "chat" | "agent" | "chatflow" | "workflow";
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface Page<T> {
  results: T[];
  next: string | null;
}

export interface Setup {
  required: boolean;
  code_required: boolean;
}

export interface WorkspaceRef {
  id: string;
  name: string;
  role: Role;
}

export interface Me {
  id: string;
  email: string;
  name: string;
  /** Cares for what all workspaces share: the models of the machine. */
  is_machine_admin: boolean;
  workspaces: WorkspaceRef[];
  version: string;
}

export interface Health {
  status: string;
  version: string;
  processes?: { name: string; ok: boolean; detail: string }[];
}

export interface Member {
  id: string;
  user: { id: string; email: string; name: string };
  role: Role;
  created_at: string;
}

export interface Invitation {
  id: string;
  email: string;
  role: Role;
  expires_at: string;
  link?: string;
}

export interface AccessToken {
  id: string;
  name: string;
  prefix: string;
  expires_at: string | null;
  last_used_at: string | null;
  created_at: string;
  token?: string;
}

export interface AuditEntry {
  id: string;
  at: string;
  actor: { email: string } | null;
  action: string;
  target: string;
  detail: JsonObject;
  address: string;
  user_agent: string;
}

export type ModelKind = "chat" | "embedding" | "rerank";

export interface ProviderModel {
  name: string;
  kind: ModelKind;
  context_tokens: number;
  supports_tools: boolean;
  supports_images: boolean;
  input_price: string;
  output_price: string;
}

export interface Provider {
  id: string;
  name: string;
  base_url: string;
  has_key: boolean;
  models: ProviderModel[];
  created_at: string;
  updated_at: string;
}

export interface ProviderWrite {
  name: string;
  base_url: string;
  api_key?: string;
  models?: ProviderModel[];
}

export interface ProviderTest {
  ok: boolean;
  message: string;
  latency_ms: number | null;
  models: string[];
}

export interface ProviderPreset {
  id: string;
  name: string;
  base_url: string;
  needs_key: boolean;
  hint: string;
}

export type ModelState = "loaded" | "loading" | "available" | "unreachable";

export interface Model {
  id: string;
  name: string;
  provider: { id: string; name: string } | null;
  kind: ModelKind;
  context_tokens: number;
  supports_tools: boolean;
  supports_images: boolean;
  input_price: string | null;
  output_price: string | null;
  embedded: boolean;
  state: ModelState;
}

export interface App {
  id: string;
  name: string;
  slug: string;
  description: string;
  mode: AppMode;
  icon: string;
  published_version: number | null;
  has_unpublished_changes: boolean;
  created_at: string;
  updated_at: string;
}

export type VariableType = "text" | "paragraph" | "select" | "number" | "checkbox" | "file" | "file-list";

export interface Variable {
  name: string;
  label: string;
  type: VariableType;
  required: boolean;
  default: Json;
  options: string[];
  max_length: number | null;
}

/** A question and the answer that it should get. */
export interface Example {
  user: string;
  assistant: string;
}

export interface Draft {
  model: { id: string; fallback?: string; parameters: Record<string, Json> };
  prompt: string;
  examples: Example[];
  variables: Variable[];
  datasets: string[];
  retrieval: { mode: string; top_k: number; score_threshold: number | null; rerank: Json };
  tools: { name: string; config: JsonObject }[];
  agent: { strategy: "function_calling" | "react"; max_iterations: number };
  opening_statement: string;
  suggested_questions: string[];
  output_schema: JsonObject | null;
}

/** A variable that a graph declares beside its nodes; a secret's value comes back masked. */
export interface DeclaredVariable {
  id?: string;
  name: string;
  value_type: string;
  value: Json;
  description?: string;
}

export interface GraphDraft {
  graph: JsonObject;
  features: JsonObject;
  environment_variables: DeclaredVariable[];
  conversation_variables: DeclaredVariable[];
}

/** What is wrong with a graph; `node_id` is empty for the graph as a whole. */
export interface GraphReport {
  errors: { node_id: string; message: string }[];
  warnings: { node_id: string; message: string }[];
}

export const isGraphMode = (mode: AppMode): boolean => mode === "chatflow" || mode === "workflow";

export interface Version {
  id: string;
  number: number;
  note: string;
  created_by: { email: string } | null;
  created_at: string;
  config: Draft;
}

export interface AppKey {
  id: string;
  name: string;
  prefix: string;
  expires_at: string | null;
  rate_limit_per_minute: number | null;
  last_used_at: string | null;
  created_at: string;
  revoked_at: string | null;
  key?: string;
}

export interface Tool {
  name: string;
  title: string;
  description: string;
  parameters: JsonObject;
  config_schema: JsonObject;
  icon: string;
}

export interface Conversation {
  id: string;
  name: string;
  created_at: string;
  updated_at: string;
  messages: number;
}
