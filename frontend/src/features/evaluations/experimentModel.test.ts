import { describe, expect, test } from "vitest";
import type { ExperimentRow } from "@/shared/evaluations/types";
import { casesOf, failuresTold, isFailing, isWorse, seen } from "./experimentModel";

const row = (number: number, variant: number, score: number | null, more: Partial<ExperimentRow> = {}) =>
  ({
    id: `${number}-${variant}`,
    number,
    variant,
    case: { id: `c${number}`, query: `q${number}`, inputs: {}, expected: `e${number}`, expected_tools: [], expected_sources: [], note: "" },
    status: "succeeded",
    answer: `a${number}`,
    scores: score === null ? [] : [{ name: "Exact", status: "scored", passed: score >= 0.5, value: score, reason: "differs" }],
    score,
    error: null,
    review: "",
    ...more,
  }) as ExperimentRow;

describe("cases of an experiment", () => {
  const rows = [row(2, 1, 1), row(1, 0, 1), row(1, 1, 0), row(2, 0, 0.5), row(3, 0, null, { status: "running" })];
  const cases = casesOf(rows, 2);

  test("are in order, with a place for each variant", () => {
    expect(cases.map((each) => each.number)).toEqual([1, 2, 3]);
    expect(cases[2]?.rows).toEqual([rows[4], undefined]);
  });

  test("are worse where a variant scores less than the first", () => {
    expect(cases.map(isWorse)).toEqual([true, false, false]);
    expect(seen(cases, "worse").map((each) => each.number)).toEqual([1]);
  });

  test("fail where an evaluator does not pass, or a run did not", () => {
    expect(cases.map(isFailing)).toEqual([true, false, false]);
    expect(isFailing({ number: 4, content: rows[0]!.case, rows: [row(4, 0, 0, { status: "failed", scores: [] })] })).toBe(true);
  });

  test("wait for a review until somebody said something", () => {
    const reviewed = casesOf([row(1, 0, 1, { review: "accepted" }), row(2, 0, 1)], 1);
    expect(seen(reviewed, "review").map((each) => each.number)).toEqual([2]);
  });

  test("are told to whoever improves the prompt: only what failed with this variant", () => {
    expect(failuresTold(cases, 1)).toBe("Question: q1\nAnswer: a1\nExpected: e1\nWhy it failed: Exact: differs");
    expect(failuresTold(cases, 0)).toBe("");
  });
});
