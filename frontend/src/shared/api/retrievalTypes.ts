/** The shapes of searches and of their evaluation in the console API. */
import type { Json } from "./types";

/** A rectangle of a page in fractions of its width and height, from the top left corner. */
export interface Area {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export type SearchMode = "semantic" | "full_text" | "hybrid";

export interface RetrievalSettings {
  mode: SearchMode;
  top_k: number;
  score_threshold: number | null;
  candidates: number;
  fusion: "auto" | "rrf" | "weighted";
  semantic_weight: number;
  rerank: boolean;
  rerank_deadline_ms: number;
  mmr_lambda: number | null;
  neighbours: number;
  rewrite: boolean;
  model_filter: boolean;
  /** The chat model that rewrites the query and writes filters. */
  model: string;
}

export interface FilterCondition {
  field: string;
  operator: string;
  value: string | number | (string | number)[] | null;
}

export interface MetadataFilter {
  logic: "and" | "or";
  conditions: FilterCondition[];
}

export interface Stage {
  name: string;
  elapsed_ms: number;
  hits: number;
  detail: { [key: string]: Json };
}

export interface TracedChunk {
  document_id: string;
  document_name: string;
  page: number | null;
  position: number;
  text: string;
}

export interface Hit extends TracedChunk {
  chunk_id: string;
  score: number;
  answer: string;
  child: string;
  areas: Area[];
}

export interface Retrieval {
  results: Hit[];
  trace: Stage[];
  /** Every chunk that a stage names; there when `with_stages` was asked. */
  chunks?: Record<string, TracedChunk>;
}

export interface TestSet {
  id: string;
  name: string;
  case_count: number;
  generating: { model: string; done: number; total: number; reason: string } | null;
  created_at: string;
}

/** A question and what answers it: documents by name, chunks by id, or a phrase that a right passage holds. */
export interface TestCase {
  id: string;
  question: string;
  documents: string[];
  chunks: string[];
  phrase: string;
}

export type NamedSettings = RetrievalSettings & { name: string };

export interface CaseResult {
  id: string;
  question: string;
  /** Of the first right passage, from 1; null where none of the first ten is right. */
  rank: number | null;
}

export interface SettingResult {
  name: string;
  settings: RetrievalSettings;
  recall_at_k: Record<string, number>;
  ndcg_at_10: number;
  mrr: number;
  p50_ms: number;
  p95_ms: number;
  cases: CaseResult[];
}

export interface Evaluation {
  id: string;
  status: "queued" | "running" | "finished" | "failed";
  progress: number;
  reason: string;
  results: SettingResult[];
  created_at: string;
  finished_at: string | null;
}
