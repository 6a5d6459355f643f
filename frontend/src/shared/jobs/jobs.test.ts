import { describe, expect, test } from "vitest";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { indexingOf } from "./indexing";
import { listJobs, registerJobs, type Job } from "./jobs";

const job = (id: string): Job => ({ id, title: id, detail: "", progress: null, state: "running", path: "x" });
const dataset = (counts: Partial<Dataset["document_counts"]>, reembedding: Dataset["reembedding"] = null) =>
  ({ id: "d", name: "Papers", document_counts: { total: 0, ready: 0, failed: 0, ...counts }, reembedding }) as Dataset;

describe("the jobs of all features", () => {
  test("are listed together, and one source that fails takes nothing away", async () => {
    registerJobs({ name: "one", list: () => Promise.resolve([job("a")]) });
    registerJobs({ name: "two", list: () => Promise.reject(new Error("down")) });
    registerJobs({ name: "one", list: (shown) => Promise.resolve([job("a"), ...[...shown].map(job)]) });
    expect((await listJobs(new Set(["old"]), { isMachineAdmin: false })).map((each) => each.id)).toEqual(["a", "old"]);
  });
});

describe("indexing", () => {
  test("is a job while documents are on their way", () => {
    expect(indexingOf([dataset({ total: 4, ready: 2, failed: 1, embedding: 1 })], new Set())).toMatchObject([{ id: "index:d", state: "running", progress: 0.75 }]);
    expect(indexingOf([dataset({ total: 3, ready: 3 })], new Set())).toEqual([]);
  });

  test("says how it ended to whom it was shown", () => {
    expect(indexingOf([dataset({ total: 3, ready: 3 })], new Set(["index:d"]))).toMatchObject([{ state: "done", progress: 1 }]);
    expect(indexingOf([dataset({ total: 3, ready: 2, failed: 1 })], new Set(["index:d"]))).toMatchObject([{ state: "failed" }]);
  });

  test("knows another model that embeds anew, which can be cancelled", () => {
    const [found] = indexingOf([dataset({ total: 1, ready: 1 }, { model: "m", done: 1, total: 4, reason: "" })], new Set());
    expect(found).toMatchObject({ id: "reembed:d", progress: 0.25 });
    expect(found?.cancel).toBeTypeOf("function");
    expect(indexingOf([dataset({ total: 1, ready: 1 }, { model: "m", done: 1, total: 4, reason: "gone" })], new Set())).toEqual([]);
  });
});
