/** What can be set of each kind of evaluator, and what it is at first. Pure. */
import type { EvaluatorKind } from "@/shared/evaluations/types";

export const KINDS: EvaluatorKind[] = ["exact", "contains", "regex", "json_schema", "numeric", "similarity", "judge", "retrieval", "tool_calls", "python"];

type Choice = "all" | "any" | "first" | "last" | "score" | "compare" | "recall" | "citation";
export type FieldKind = "switch" | "text" | "long" | "number" | "texts" | "json" | "code" | "chat" | "embedding" | { choices: Choice[] };
type FieldName =
  | "ignore_case"
  | "ignore_space"
  | "texts"
  | "need"
  | "pattern"
  | "negate"
  | "timeout_s"
  | "json_schema"
  | "absolute"
  | "relative"
  | "take"
  | "model"
  | "rubric"
  | "mode"
  | "measure"
  | "k"
  | "arguments"
  | "in_order"
  | "code";

export interface Field {
  name: FieldName;
  kind: FieldKind;
  initial: unknown;
  max?: number;
}

const CODE = `def main(answer, expected, query, inputs, outputs, sources, tool_calls):
    """Return a number from 0 to 1, True or False, or {"score": ..., "reason": "..."}."""
    return {"score": float(expected.lower() in answer.lower()), "reason": ""}
`;

export const FIELDS: Record<EvaluatorKind, Field[]> = {
  exact: [
    { name: "ignore_case", kind: "switch", initial: true },
    { name: "ignore_space", kind: "switch", initial: true },
  ],
  contains: [
    { name: "texts", kind: "texts", initial: [] },
    { name: "need", kind: { choices: ["all", "any"] }, initial: "all" },
    { name: "ignore_case", kind: "switch", initial: true },
  ],
  regex: [
    { name: "pattern", kind: "text", initial: "" },
    { name: "ignore_case", kind: "switch", initial: false },
    { name: "negate", kind: "switch", initial: false },
    { name: "timeout_s", kind: "number", initial: 1, max: 10 },
  ],
  json_schema: [{ name: "json_schema", kind: "json", initial: { type: "object" } }],
  numeric: [
    { name: "absolute", kind: "number", initial: 0 },
    { name: "relative", kind: "number", initial: 0, max: 1 },
    { name: "take", kind: { choices: ["first", "last"] }, initial: "last" },
  ],
  similarity: [{ name: "model", kind: "embedding", initial: "all-minilm-l6-v2" }],
  judge: [
    { name: "model", kind: "chat", initial: "" },
    { name: "rubric", kind: "long", initial: "The answer is correct, complete, and says nothing that is not asked for." },
    { name: "mode", kind: { choices: ["score", "compare"] }, initial: "score" },
  ],
  retrieval: [
    { name: "measure", kind: { choices: ["recall", "citation"] }, initial: "recall" },
    { name: "k", kind: "number", initial: 5, max: 100 },
  ],
  tool_calls: [
    { name: "arguments", kind: "switch", initial: true },
    { name: "in_order", kind: "switch", initial: false },
  ],
  python: [
    { name: "code", kind: "code", initial: CODE },
    { name: "timeout_s", kind: "number", initial: 10, max: 60 },
  ],
};

export const initialOf = (kind: EvaluatorKind): Record<string, unknown> => Object.fromEntries(FIELDS[kind].map((field) => [field.name, field.initial]));
