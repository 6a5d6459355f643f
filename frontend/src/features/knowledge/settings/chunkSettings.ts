/** The part of a dataset that says how its documents are cut. */
import type { ChunkSettings } from "@/shared/api/knowledgeTypes";

export function chunkSettingsOf(from: ChunkSettings): ChunkSettings {
  return {
    chunk_mode: from.chunk_mode,
    chunk_separator: from.chunk_separator,
    chunk_tokens: from.chunk_tokens,
    chunk_overlap_tokens: from.chunk_overlap_tokens,
    parent_mode: from.parent_mode,
    parent_tokens: from.parent_tokens,
    clean_whitespace: from.clean_whitespace,
    remove_urls_emails: from.remove_urls_emails,
    qa_model: from.qa_model,
  };
}

export type Problem = "overlapTooLong" | "parentTooShort" | "tooShort";

/** What the server would refuse, said before it is asked. */
export function problemOf(settings: ChunkSettings): Problem | null {
  if (settings.chunk_tokens < 16) return "tooShort";
  if (settings.chunk_overlap_tokens >= settings.chunk_tokens) return "overlapTooLong";
  const hasParents = settings.chunk_mode === "parent_child" && settings.parent_mode === "paragraph";
  return hasParents && settings.parent_tokens < settings.chunk_tokens ? "parentTooShort" : null;
}
