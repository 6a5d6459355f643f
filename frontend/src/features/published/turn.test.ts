/** Turns of a conversation: each run once, live or stored, and steps only of what was told. */
import { describe, expect, test } from "vitest";
import { EMPTY_RUN } from "@/shared/sse/runView";
import type { VisitorRun } from "./api";
import { isLiveTurn, turnOfLive, turnsOf } from "./turn";

const run = (id: string): VisitorRun => ({
  id, conversation_id: "c", status: "succeeded", query: "q", inputs: {}, files: [], answer: `answer ${id}`, outputs: {},
  error: null, rating: null, sources: [], steps: [], asks: [], created_at: "2026-01-01T00:00:00Z", elapsed_ms: 5,
});
const live = (id: string | null) =>
  turnOfLive({ view: { ...EMPTY_RUN, runId: id, status: "running" }, query: "now", error: null, reconnecting: false }, []);

describe("the turns of a conversation", () => {
  test("hold a run once while it is both stored and live", () => {
    expect(turnsOf([run("a"), run("b")], live("b")).map((turn) => [turn.id, turn.query])).toEqual([["a", "q"], ["b", "now"]]);
  });

  test("end with a run that has no id yet", () => {
    const turns = turnsOf([run("a")], live(null));
    expect(turns).toHaveLength(2);
    expect(isLiveTurn(turns[1]!)).toBe(true);
  });

  test("show steps only of nodes whose start was told", () => {
    const node = { nodeId: "llm", kind: "", title: "llm", status: "running" as const, text: "hi", elapsedMs: null };
    const view = { ...EMPTY_RUN, nodes: [node, { ...node, nodeId: "tool", kind: "tool", title: "Search" }] };
    const turn = turnOfLive({ view, query: "", error: null, reconnecting: false }, []);
    expect(turn.steps.map((step) => step.title)).toEqual(["Search"]);
  });
});
