/** Bars stand where their time is. */
import { expect, test } from "vitest";
import type { RunNode } from "@/shared/api/runTypes";
import { barsOf, depthOf } from "./waterfallModel";

const node = (change: Partial<RunNode>) => ({ node_id: "n", status: "succeeded", started_at: null, elapsed_ms: null, ...change }) as RunNode;

test("bars share one line of time, whichever way the start is written", () => {
  const start = Date.UTC(2026, 0, 1);
  const bars = barsOf(
    [node({ started_at: new Date(start).toISOString(), elapsed_ms: 250 }), node({ started_at: (start + 250) / 1_000, elapsed_ms: 750 })],
    new Date(start).toISOString(),
  );
  expect(bars.map(({ left, width }) => [left, width])).toEqual([[0, 25], [25, 75]]);
});

test("a node that never started has no bar", () => {
  expect(barsOf([node({})], null)[0]).toMatchObject({ left: 0, width: 0 });
});

test("a node of a round lies deeper than its container", () => {
  expect(["each", "each:3/llm", "each:3/inner:0/llm"].map((node_id) => depthOf(node({ node_id })))).toEqual([0, 1, 2]);
});
