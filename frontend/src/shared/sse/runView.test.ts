/** What is shown after all events equals what the run has stored, whatever was broken off and begun again. */
import { describe, expect, test } from "vitest";
import type { RunEvent } from "@/shared/api/events";
import { answerOf, EMPTY_RUN, reduceRun } from "./runView";

type Body = RunEvent extends infer Event ? (Event extends RunEvent ? Omit<Event, "run_id" | "seq" | "at"> : never) : never;

const at = (seq: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, 0, seq)).toISOString();
const events = (...bodies: [number, Body][]) => bodies.map(([seq, body]) => ({ ...body, seq, run_id: "r", at: at(seq) }) as RunEvent);

const started: Body = { kind: "run_started", app_id: "a", conversation_id: "c", inputs: {} };
const delta = (text: string): Body => ({ kind: "text_delta", node_id: "llm", text, source: "" });
const reset = (text: string): Body => ({ kind: "text_reset", node_id: "llm", text });
const node: Body = { kind: "node_started", node_id: "llm", node_kind: "llm", title: "Answer", inputs: {} };
const finished = (answer: string): Body => ({ kind: "run_finished", outputs: { answer }, usage: { prompt_tokens: 3, completion_tokens: 4 }, elapsed_ms: 9, cost: "0", exceptions: 0 });

const RESUMED = events(
  [0, started],
  [1, node],
  [2, delta("Green ")],
  [5, delta("tea is brewed at 7")],
  [1_000_001, node],
  [1_000_002, reset("Green tea is brewed ")],
  [1_000_003, delta("at 75 degrees.")],
);

describe("the view of a run", () => {
  test("shows after resets the text that the run stores", () => {
    const before = RESUMED.reduce(reduceRun, EMPTY_RUN);
    expect(answerOf(before)).toBe("Green tea is brewed at 75 degrees.");
    const after = events([1_000_004, finished("Green tea is brewed at 75 degrees.")]).reduce(reduceRun, before);
    expect(answerOf(after)).toBe(answerOf(before));
    expect(after.status).toBe("succeeded");
    expect(after.attempt).toBe(1);
    expect(after.usage).toEqual({ prompt_tokens: 3, completion_tokens: 4 });
  });

  test("is the same when a broken stream repeats events", () => {
    const once = RESUMED.reduce(reduceRun, EMPTY_RUN);
    const twice = [...RESUMED.slice(0, 4), ...RESUMED.slice(1)].reduce(reduceRun, EMPTY_RUN);
    expect(twice).toEqual(once);
  });

  test("takes the first event although its number is 0", () => {
    expect(reduceRun(EMPTY_RUN, RESUMED[0]!).conversationId).toBe("c");
  });

  test("measures the time to the first token from the start of the run", () => {
    expect(RESUMED.reduce(reduceRun, EMPTY_RUN).ttftMs).toBe(2);
  });

  test("joins a tool's call and its result into one step", () => {
    const view = events(
      [1, { kind: "tool_call", node_id: "agent", step: 0, call_id: "1", name: "calculator", arguments: { expression: "6*7" }, thought: "" }],
      [2, { kind: "tool_result", node_id: "agent", step: 0, call_id: "1", name: "calculator", output: "42", error: "", elapsed_ms: 3, files: [] }],
    ).reduce(reduceRun, EMPTY_RUN);
    expect(view.steps).toHaveLength(1);
    expect(view.steps[0]).toMatchObject({ arguments: { expression: "6*7" }, output: "42", thought: null, error: null });
  });

  test("replaces the sources when the answer has cited some", () => {
    const source = { position: 1, dataset_id: "d", document_id: "x", document_name: "a.pdf", chunk_id: "k", page: 2, score: 0.5, text: "t", dataset_name: "d" };
    const view = events(
      [1, { kind: "sources", node_id: "k", sources: [{ ...source, cited: false }] }],
      [2, { kind: "sources", node_id: "k", sources: [{ ...source, cited: true }] }],
    ).reduce(reduceRun, EMPTY_RUN);
    expect(view.sources.map((each) => each.cited)).toEqual([true]);
  });

  test("keeps what was answered when the run fails", () => {
    const view = [...RESUMED, ...events([1_000_009, { kind: "run_failed", code: "upstream_error", message: "no" }])].reduce(reduceRun, EMPTY_RUN);
    expect([view.status, view.error?.code, answerOf(view)]).toEqual(["failed", "upstream_error", "Green tea is brewed at 75 degrees."]);
  });
});
