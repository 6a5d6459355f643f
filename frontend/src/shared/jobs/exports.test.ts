import { expect, test } from "vitest";
import { exportsOf, type RunExport } from "./exports";

const one: RunExport = { id: "1", status: "running", total: 4, done: 1, reason: "", created_at: "", finished_at: null, created_by: null, form: "csv", filters: {}, name: null, size_bytes: null };

test("an export that runs has a share and can be cancelled", () => {
  const [job] = exportsOf([one], new Set());
  expect(job).toMatchObject({ progress: 0.25, state: "running" });
  expect(job?.cancel).toBeDefined();
});

test("one that has ended is news only where it was shown", () => {
  const ended = { ...one, status: "finished" as const };
  expect(exportsOf([ended], new Set())).toEqual([]);
  expect(exportsOf([ended], new Set(["export:1"]))[0]).toMatchObject({ state: "done" });
  expect(exportsOf([{ ...one, status: "failed", reason: "the disk is full" }], new Set(["export:1"]))[0]?.detail).toBe("the disk is full");
});
