import { describe, expect, test } from "vitest";
import { doneOf, isMoving, outputText, remainingMs, type Progress } from "./batchModel";

const none: Progress = {
  total: 10, pending: 10, running: 0, waiting: 0, succeeded: 0, failed: 0, cancelled: 0, prompt_tokens: 0, completion_tokens: 0, cost: "0",
};
const START = "2026-11-21T10:00:00Z";
const at = (seconds: number) => Date.parse(START) + seconds * 1_000;

describe("the time that is left", () => {
  test("follows from the pace so far", () => {
    const progress = { ...none, pending: 6, running: 2, succeeded: 1, failed: 1 };
    expect(remainingMs({ status: "running", progress, started_at: START }, at(10))).toBe(40_000);
  });

  test("is unknown before the first row has ended, and where nothing runs", () => {
    expect(remainingMs({ status: "running", progress: none, started_at: START }, at(10))).toBeNull();
    expect(remainingMs({ status: "paused", progress: { ...none, succeeded: 5 }, started_at: START }, at(10))).toBeNull();
  });
});

test("a table moves while rows run, also when it is paused or cancelled, but not while they wait for a person", () => {
  expect(isMoving({ status: "running", progress: none })).toBe(true);
  expect(isMoving({ status: "paused", progress: { ...none, running: 1 } })).toBe(true);
  expect(isMoving({ status: "paused", progress: { ...none, running: 1, waiting: 1 } })).toBe(false);
  expect(isMoving({ status: "finished", progress: none })).toBe(false);
});

test("done is whatever has ended", () => {
  expect(doneOf({ ...none, succeeded: 3, failed: 2, cancelled: 1 })).toBe(6);
});

test("a row shows its answer, or each of its outputs", () => {
  expect(outputText({ answer: "yes", more: 1 })).toBe("yes");
  expect(outputText({ city: "Rome", found: true })).toBe("city: Rome · found: true");
  expect(outputText({})).toBe("");
});
