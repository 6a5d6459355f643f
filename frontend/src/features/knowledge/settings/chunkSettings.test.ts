/** Settings that can't work are found before the server is asked. */
import { expect, test } from "vitest";
import type { ChunkSettings } from "@/shared/api/knowledgeTypes";
import { chunkSettingsOf, problemOf } from "./chunkSettings";

const GOOD: ChunkSettings = {
  chunk_mode: "parent_child", chunk_separator: "", chunk_tokens: 200, chunk_overlap_tokens: 20, parent_mode: "paragraph", parent_tokens: 600, clean_whitespace: true, remove_urls_emails: false, qa_model: "",
};

test("an overlap must be shorter than the passage, a parent not shorter than its children", () => {
  expect(problemOf(GOOD)).toBeNull();
  expect(problemOf({ ...GOOD, chunk_overlap_tokens: 200 })).toBe("overlapTooLong");
  expect(problemOf({ ...GOOD, chunk_tokens: 8, chunk_overlap_tokens: 0 })).toBe("tooShort");
  expect(problemOf({ ...GOOD, parent_tokens: 100 })).toBe("parentTooShort");
});

test("the length of parents matters only where parents are paragraphs", () => {
  expect(problemOf({ ...GOOD, parent_tokens: 100, parent_mode: "document" })).toBeNull();
  expect(problemOf({ ...GOOD, parent_tokens: 100, chunk_mode: "general" })).toBeNull();
});

test("only what cuts documents is taken from a dataset", () => {
  expect(chunkSettingsOf({ ...GOOD, name: "Handbook" } as ChunkSettings)).toEqual(GOOD);
});
