/** The best of a column, and the questions that were missed first. */
import { expect, test } from "vitest";
import type { SettingResult } from "@/shared/api/retrievalTypes";
import { isBest, questionRows } from "./measures";

const result = (name: string, change: Partial<SettingResult> = {}): SettingResult => ({
  name, settings: {} as SettingResult["settings"], recall_at_k: { 1: 0.5, 3: 0.6, 5: 0.7, 10: 0.8 }, ndcg_at_10: 0.6, mrr: 0.55, p50_ms: 12, p95_ms: 30, cases: [], ...change,
});

test("more is better for quality, less for time", () => {
  const [slow, fast] = [result("slow", { mrr: 0.9, p50_ms: 40 }), result("fast", { mrr: 0.4, p50_ms: 4 })];
  expect(isBest([slow, fast], "mrr", slow)).toBe(true);
  expect(isBest([slow, fast], "mrr", fast)).toBe(false);
  expect(isBest([slow, fast], "p50", fast)).toBe(true);
});

test("nothing is best where all look the same, and two that look the same are both best", () => {
  const [one, two, three] = [result("1", { mrr: 0.80001 }), result("2", { mrr: 0.80004 }), result("3", { mrr: 0.2 })];
  expect(isBest([one, two], "mrr", one)).toBe(false);
  expect([one, two, three].map((each) => isBest([one, two, three], "mrr", each))).toEqual([true, true, false]);
});

test("what the chosen setting missed comes first, with the ranks of the others beside it", () => {
  const cases = (ranks: (number | null)[]) => ranks.map((rank, index) => ({ id: `q${index}`, question: `Q${index}`, rank }));
  const results = [result("a", { cases: cases([1, null, 3]) }), result("b", { cases: cases([2, 1, null]) })];
  expect(questionRows(results).map((row) => row.id)).toEqual(["q1", "q2", "q0"]);
  expect(questionRows(results, 1).map((row) => row.id)).toEqual(["q2", "q0", "q1"]);
  expect(questionRows(results)[0]?.ranks).toEqual([null, 1]);
});
