/** The shapes of knowledge in the console API. */
import type { Json } from "./types";

export type DocumentStatus = "queued" | "extracting" | "splitting" | "embedding" | "indexing" | "ready" | "failed";

export interface Dataset {
  id: string;
  name: string;
  description: string;
  embedding_model: string;
  chunk_tokens: number;
  chunk_overlap_tokens: number;
  document_counts: Record<DocumentStatus | "total", number>;
  chunk_count: number;
  created_at: string;
  updated_at: string;
}

export interface DatasetDeletion {
  documents: number;
  chunks: number;
  apps: number | { id: string; name: string }[];
}

export interface KnowledgeDocument {
  id: string;
  name: string;
  status: DocumentStatus;
  reason: string | null;
  progress: number;
  stage_times: Record<string, number>;
  attempts: number;
  size_bytes: number;
  mime_type: string;
  page_count: number | null;
  chunk_count: number;
  created_at: string;
  updated_at: string;
  finished_at: string | null;
}

export interface Chunk {
  id: string;
  text: string;
  page: number | null;
  position: number;
  tokens: number;
}

export interface Retrieval {
  results: Hit[];
  trace: { name: string; elapsed_ms: number; hits: number; detail: Json }[];
}

export interface Hit {
  chunk_id: string;
  document_id: string;
  document_name: string;
  page: number | null;
  position: number;
  score: number;
  text: string;
}

export interface DatasetKey {
  id: string;
  name: string;
  prefix: string;
  created_at: string;
  last_used_at: string | null;
  expires_at?: string | null;
  key?: string;
}
