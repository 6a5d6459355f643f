/** What is different between two drafts, part by part, in words short enough for a list. Knows no React. */
import type { Draft, Json } from "@/shared/api/types";

export const PARTS = [
  "model", "prompt", "examples", "variables", "datasets", "retrieval", "tools", "agent", "opening_statement", "suggested_questions", "output_schema",
] as const;
export type Part = (typeof PARTS)[number];

export interface Change {
  part: Part;
  before: string;
  after: string;
}

/** Keys in one order and no nulls: two drafts that mean the same read the same. */
function plain(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value ?? null;
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b)).map(([key, each]) => [key, plain(each)]));
}

function textOf(part: Part, draft: Partial<Draft>): string {
  if (part === "examples") return (draft.examples ?? []).map((example) => `› ${example.user}\n‹ ${example.assistant}`).join("\n\n");
  if (part === "suggested_questions") return (draft.suggested_questions ?? []).join("\n");
  return asText(draft[part] as Json | undefined);
}

function asText(value: Json | undefined): string {
  if (typeof value === "string") return value;
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) return "";
  return JSON.stringify(plain(value), null, 2);
}

/** The parts that differ, in the order of the page. A version that is older than a part has nothing there. */
export function changesBetween(before: Partial<Draft>, after: Partial<Draft>): Change[] {
  return PARTS.map((part) => ({ part, before: textOf(part, before), after: textOf(part, after) })).filter(
    (change) => change.before !== change.after,
  );
}
