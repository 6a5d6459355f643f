import { describe, expect, test } from "vitest";
import { tablesOf, type RunningTable } from "./batches";

const counts = { total: 4, pending: 0, running: 0, waiting: 0, succeeded: 0, failed: 0, cancelled: 0, prompt_tokens: 0, completion_tokens: 0, cost: "0" };
const table = (status: RunningTable["status"], progress: Partial<RunningTable["progress"]> = {}): RunningTable => ({ id: "b", name: "rows.csv", status, app_id: "a", app_name: "Notices", progress: { ...counts, ...progress } });

describe("tables of inputs", () => {
  test("are jobs while they run or rest, which can be cancelled", () => {
    const [running] = tablesOf([table("running", { succeeded: 1, pending: 3 })], new Set());
    expect(running).toMatchObject({ id: "batch:b", state: "running", progress: 0.25, path: "apps/a/batches/b" });
    expect(running?.cancel).toBeTypeOf("function");
    expect(tablesOf([table("paused", { succeeded: 2, pending: 2 })], new Set())).toMatchObject([{ state: "running", progress: 0.5 }]);
    expect(tablesOf([table("ready", { pending: 4 })], new Set())).toEqual([]);
  });

  test("say how they ended to whom they were shown, and to nobody else", () => {
    expect(tablesOf([table("finished", { succeeded: 4 })], new Set())).toEqual([]);
    expect(tablesOf([table("finished", { succeeded: 4 })], new Set(["batch:b"]))).toMatchObject([{ state: "done", progress: 1 }]);
    expect(tablesOf([table("finished", { succeeded: 3, failed: 1 })], new Set(["batch:b"]))).toMatchObject([{ state: "failed" }]);
    expect(tablesOf([table("cancelled", { succeeded: 1, cancelled: 3 })], new Set(["batch:b"]))).toMatchObject([{ state: "done" }]);
  });
});
