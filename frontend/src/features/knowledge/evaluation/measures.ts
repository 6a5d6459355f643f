/** The numbers of an evaluation side by side: which ones, and which setting is best in each. */
import type { SettingResult } from "@/shared/api/retrievalTypes";

export type Measure = "recall1" | "recall3" | "recall5" | "recall10" | "ndcg" | "mrr" | "p50" | "p95";

export const MEASURES: readonly Measure[] = ["recall1", "recall3", "recall5", "recall10", "ndcg", "mrr", "p50", "p95"];

export const isTime = (measure: Measure): boolean => measure === "p50" || measure === "p95";

export function valueOf(result: SettingResult, measure: Measure): number {
  switch (measure) {
    case "recall1":
      return result.recall_at_k["1"] ?? 0;
    case "recall3":
      return result.recall_at_k["3"] ?? 0;
    case "recall5":
      return result.recall_at_k["5"] ?? 0;
    case "recall10":
      return result.recall_at_k["10"] ?? 0;
    case "ndcg":
      return result.ndcg_at_10;
    case "mrr":
      return result.mrr;
    case "p50":
      return result.p50_ms;
    case "p95":
      return result.p95_ms;
  }
}

/** As it is written: what looks the same is the same, so that no difference is marked that nobody can see. */
export function written(measure: Measure, value: number): string {
  return isTime(measure) ? value.toFixed(value < 10 ? 1 : 0) : value.toFixed(3);
}

/** Is this the best of all, and are they not all the same? */
export function isBest(results: SettingResult[], measure: Measure, result: SettingResult): boolean {
  const values = results.map((each) => valueOf(each, measure));
  const best = written(measure, isTime(measure) ? Math.min(...values) : Math.max(...values));
  return new Set(values.map((value) => written(measure, value))).size > 1 && written(measure, valueOf(result, measure)) === best;
}

export interface QuestionRow {
  id: string;
  question: string;
  /** One rank per setting, in their order; null where it was missed. */
  ranks: (number | null)[];
}

/** Every question with its rank per setting, the worst first: there is something to learn. */
export function questionRows(results: SettingResult[], chosen = 0): QuestionRow[] {
  const rows = new Map<string, QuestionRow>();
  results.forEach((result, index) => {
    for (const each of result.cases) {
      const row = rows.get(each.id) ?? { id: each.id, question: each.question, ranks: results.map(() => null) };
      row.ranks[index] = each.rank;
      rows.set(each.id, row);
    }
  });
  const place = (row: QuestionRow) => row.ranks[chosen] ?? Infinity;
  return [...rows.values()].sort((a, b) => (place(a) === place(b) ? 0 : place(b) - place(a)));
}
