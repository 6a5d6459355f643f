/** Test sets, evaluators, experiments and gates as the API tells of them. */
import type { components } from "@/shared/api/schema";

type Schemas = components["schemas"];

export type TestSet = Schemas["EvaluationSet"];
export type Case = Schemas["EvaluationCase"];
export type Uploaded = Schemas["CasesUploaded"];
export type Evaluator = Schemas["Evaluator"];
export type EvaluatorKind = Evaluator["kind"];
export type Experiment = Schemas["Experiment"];
export type ExperimentDetail = Schemas["ExperimentDetail"];
/** `review` is empty until a person said something. */
export type ExperimentRow = Omit<Schemas["ExperimentRow"], "review"> & { review: "" | "accepted" | "rejected" };
export type VariantResult = Schemas["VariantResult"];
export type Comparison = Schemas["Comparison"];
export type Score = Schemas["Score"];
export type Gate = Schemas["Gate"];
export type Standing = Schemas["Standing"];

/** A score as people read it. */
export const percent = (value: number | null | undefined): string => (value === null || value === undefined ? "–" : `${(100 * value).toFixed(value === 0 || value === 1 ? 0 : 1)} %`);

export const signed = (value: number): string => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${(100 * Math.abs(value)).toFixed(1)}`;

export const OUTCOME_COLORS: Record<Comparison["outcome"], string> = { better: "accent", worse: "red", same: "gray", few_cases: "yellow" };
