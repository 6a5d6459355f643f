/** The shapes of datasets and documents in the console API; those of searches stand in retrievalTypes. */
import type { Area, RetrievalSettings } from "./retrievalTypes";

export type DocumentStatus = "queued" | "extracting" | "splitting" | "embedding" | "indexing" | "ready" | "failed";
export type ChunkMode = "general" | "parent_child" | "qa";
export type ParentMode = "paragraph" | "document";

/** How documents are cut. In `parent_child` the first two are of the children. */
export interface ChunkSettings {
  chunk_mode: ChunkMode;
  /** Where documents are cut first; `\n` and `\t` are understood. */
  chunk_separator: string;
  chunk_tokens: number;
  chunk_overlap_tokens: number;
  parent_mode: ParentMode;
  parent_tokens: number;
  clean_whitespace: boolean;
  remove_urls_emails: boolean;
  qa_model: string;
}

export interface DatasetTag {
  id: string;
  name: string;
}

export interface Reembedding {
  model: string;
  done: number;
  total: number;
  reason: string;
}

export interface Dataset extends ChunkSettings {
  id: string;
  name: string;
  description: string;
  embedding_model: string;
  document_counts: Record<DocumentStatus | "total", number>;
  chunk_count: number;
  retrieval: RetrievalSettings;
  built_in_metadata: boolean;
  tags: DatasetTag[];
  index: { model: string; dimensions: number | null; is_approximate: boolean } | null;
  reembedding: Reembedding | null;
  created_at: string;
  updated_at: string;
}

export interface DatasetDeletion {
  documents: number;
  chunks: number;
  apps: number | { id: string; name: string }[];
}

export type MetadataValue = string | number;

export interface KnowledgeDocument {
  id: string;
  name: string;
  format: string;
  status: DocumentStatus;
  is_paused: boolean;
  is_enabled: boolean;
  is_archived: boolean;
  reason: string | null;
  progress: number;
  /** Milliseconds per stage. */
  stage_times: Record<string, number>;
  attempts: number;
  size_bytes: number;
  mime_type: string;
  language: string;
  title: string;
  metadata: Record<string, MetadataValue>;
  source_url: string;
  page_count: number | null;
  chunk_count: number;
  token_count: number;
  revision: number;
  created_at: string;
  updated_at: string;
  finished_at: string | null;
}

export type DocumentAction = "enable" | "disable" | "archive" | "unarchive" | "delete" | "retry" | "pause" | "resume" | "cancel" | "reindex";

export interface ActionResult {
  done: number;
  skipped: { id: string; reason: string }[];
}

export interface UrlImport {
  documents: KnowledgeDocument[];
  refused: { url: string; reason: string }[];
}

export interface ChildChunk {
  id: string;
  text: string;
  tokens: number;
}

export interface Chunk {
  id: string;
  text: string;
  answer: string;
  page: number | null;
  position: number;
  tokens: number;
  areas: Area[];
  keywords: string[];
  is_enabled: boolean;
  is_edited: boolean;
  hit_count: number;
  children: ChildChunk[];
}

export interface ChunkPreview {
  chunks: { text: string; answer: string; page: number | null; tokens: number; children: { text: string; tokens: number }[] }[];
  is_complete: boolean;
  warnings: string[];
  language: string;
}

export type FieldType = "string" | "number" | "time";

export interface MetadataField {
  /** Absent for the fields that every document has. */
  id: string | null;
  name: string;
  type: FieldType;
  count: number;
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
