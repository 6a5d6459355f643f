/** The columns of a retrieval: which ones, and how far a hit moved between them. */
import { expect, test } from "vitest";
import type { Hit, Retrieval, Stage } from "@/shared/api/retrievalTypes";
import { columnsOf, slicesOf, totalMs } from "./stages";

const stage = (name: string, ids: string[] = [], extra = {}, elapsed_ms = 1): Stage => ({
  name,
  elapsed_ms,
  hits: ids.length,
  detail: { ids, scores: ids.map((_, index) => 1 - index / 10), ...extra },
});
const hit = (chunk_id: string): Hit => ({
  chunk_id, document_id: "d", document_name: "d.pdf", page: 1, position: 0, text: chunk_id, score: 0.5, answer: "", child: "", areas: [],
});
const retrieval = (trace: Stage[], results: string[]): Retrieval => ({ trace, results: results.map(hit) });

test("only the stages that ran have a column, in the order of the search", () => {
  const found = retrieval([stage("embed"), stage("semantic", ["a"]), stage("full_text", ["b"]), stage("fuse", ["b", "a"])], ["b", "a"]);
  expect(columnsOf(found).map((column) => column.name)).toEqual(["semantic", "full_text", "fuse"]);
});

test("a fused hit moves against its better place in the two legs", () => {
  const found = retrieval([stage("semantic", ["a", "b", "c"]), stage("full_text", ["c", "d"]), stage("fuse", ["a", "c", "d"])], ["a", "c", "d"]);
  const fused = columnsOf(found)[2]?.hits.map(({ chunkId, change }) => [chunkId, change]);
  expect(fused).toEqual([["a", 0], ["c", -1], ["d", -1]]);
});

test("a reranked hit moves against the fused one, and one that came from nowhere is new", () => {
  const found = retrieval([stage("semantic", ["a", "b"]), stage("fuse", ["a", "b"]), stage("rerank", ["b", "x"])], ["b", "x"]);
  const reranked = columnsOf(found).at(-1)?.hits.map(({ change, isNew }) => [change, isNew]);
  expect(reranked).toEqual([[1, false], [null, true]]);
});

test("the legs are not compared with each other", () => {
  const found = retrieval([stage("semantic", ["a", "b"]), stage("full_text", ["b"])], ["a"]);
  expect(columnsOf(found).slice(0, 2).flatMap((column) => column.hits.map((each) => each.change))).toEqual([null, null, null]);
});

test("what came back has a column of its own where it is not the head of the last stage", () => {
  const ranked = [stage("semantic", ["a", "b", "c"])];
  expect(columnsOf(retrieval(ranked, ["a", "b"])).map((column) => column.name)).toEqual(["semantic"]);
  const diverse = columnsOf(retrieval(ranked, ["a", "c"]));
  expect(diverse.map((column) => column.name)).toEqual(["semantic", "result"]);
  expect(diverse[1]?.hits.map((each) => each.change)).toEqual([0, 1]);
});

test("a reranker that failed is shown with its reason, and the result is compared with what it should have ranked", () => {
  const found = retrieval([stage("semantic", ["a"]), stage("fuse", ["a"]), stage("rerank", [], { error: "too late" })], ["a"]);
  const columns = columnsOf(found);
  expect(columns.map((column) => column.name)).toEqual(["semantic", "fuse", "rerank"]);
  expect(columns[2]?.note).toBe("too late");
});

test("the bar of time is made of shares", () => {
  expect(slicesOf([stage("embed", [], {}, 30), stage("filter", [], {}, 0), stage("semantic", [], {}, 10)])).toEqual([
    { name: "embed", elapsedMs: 30, percent: 75 },
    { name: "semantic", elapsedMs: 10, percent: 25 },
  ]);
});

test("the legs run side by side: only the slower one counts", () => {
  expect(totalMs([stage("embed", [], {}, 5), stage("semantic", [], {}, 30), stage("full_text", [], {}, 10), stage("fuse", [], {}, 1)])).toBe(36);
  expect(totalMs([stage("embed", [], {}, 5), stage("semantic", [], {}, 30)])).toBe(35);
});
