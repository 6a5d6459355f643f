/** What can be told from the rows of an experiment: its cases with their variants, and which of them fell. Pure. */
import type { ExperimentDetail, ExperimentRow } from "@/shared/evaluations/types";

export type View = "all" | "worse" | "failing" | "review";
export const VIEWS: View[] = ["all", "worse", "failing", "review"];

export interface CaseRows {
  number: number;
  content: ExperimentRow["case"];
  /** By the variant's index. */
  rows: (ExperimentRow | undefined)[];
}

export function casesOf(rows: ExperimentRow[], variants: number): CaseRows[] {
  const found = new Map<number, CaseRows>();
  for (const row of rows) {
    const each = found.get(row.number) ?? { number: row.number, content: row.case, rows: Array.from({ length: variants }, () => undefined) };
    each.rows[row.variant] = row;
    found.set(row.number, each);
  }
  return [...found.values()].sort((a, b) => a.number - b.number);
}

/** Some variant scores less than the first one. */
export function isWorse({ rows: [first, ...others] }: CaseRows): boolean {
  const before = first?.score ?? null;
  return before !== null && others.some((row) => row !== undefined && row.score !== null && row.score < before);
}

export function isFailing({ rows }: CaseRows): boolean {
  return rows.some((row) => row && (row.status === "failed" || row.scores.some((score) => score.passed === false || score.status === "failed")));
}

export const isReviewable = (row: ExperimentRow | undefined): row is ExperimentRow => row?.status === "succeeded" || row?.status === "failed";

const needsReview = ({ rows }: CaseRows) => rows.some((row) => isReviewable(row) && row.review === "");

export function seen(cases: CaseRows[], view: View): CaseRows[] {
  switch (view) {
    case "worse":
      return cases.filter(isWorse);
    case "failing":
      return cases.filter(isFailing);
    case "review":
      return cases.filter(needsReview);
    default:
      return cases;
  }
}

export const doneOf = ({ progress }: Pick<ExperimentDetail, "progress">): number => progress.succeeded + progress.failed + progress.cancelled;

/** What a person would say of an input without a question. */
export const asked = (content: ExperimentRow["case"]): string => content.query || JSON.stringify(content.inputs);

const SHOWN_CASES = 8;
const SHOWN_CHARS = 400;
const cut = (text: string) => (text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text);

/** The failing cases of a variant as the one who improves the prompt is told of them. */
export function failuresTold(cases: CaseRows[], variant: number): string {
  const failing = cases.filter((each) => each.rows[variant] && isFailing({ ...each, rows: [each.rows[variant]] }));
  return failing
    .slice(0, SHOWN_CASES)
    .map((each) => {
      const row = each.rows[variant];
      const reasons = row?.scores.filter((score) => score.passed === false).map((score) => `${score.name}: ${score.reason}`) ?? [];
      const lines = [`Question: ${cut(asked(each.content))}`, `Answer: ${cut(row?.error?.message ?? row?.answer ?? "")}`];
      if (each.content.expected) lines.push(`Expected: ${cut(each.content.expected)}`);
      if (reasons.length > 0) lines.push(`Why it failed: ${cut(reasons.join("; "))}`);
      return lines.join("\n");
    })
    .join("\n\n");
}
