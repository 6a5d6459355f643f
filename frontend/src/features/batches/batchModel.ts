/** Tables of inputs as the API tells of them, and what can be counted from that. */
import type { components } from "@/shared/api/schema";

type Schemas = components["schemas"];

export type Progress = Schemas["BatchProgress"];
/** `app_version` is null for the draft. */
export type Batch = Schemas["Batch"];
export type BatchDetail = Schemas["BatchDetail"];
export type BatchRow = Schemas["BatchRow"];
export type BatchStatus = Batch["status"];

export const ROW_FILTERS = ["succeeded", "failed", "running", "pending", "cancelled"] as const;

/** Something may still change without a click. */
export function isMoving(batch: Pick<Batch, "status" | "progress">): boolean {
  return batch.status === "running" || batch.progress.running > batch.progress.waiting;
}

export function doneOf(progress: Progress): number {
  return progress.succeeded + progress.failed + progress.cancelled;
}

/** What is left, at the pace so far; null while nothing can be said. */
export function remainingMs(batch: Pick<Batch, "status" | "progress" | "started_at">, now: number): number | null {
  const ended = batch.progress.succeeded + batch.progress.failed;
  if (batch.status !== "running" || !batch.started_at || ended === 0) return null;
  const left = batch.progress.pending + batch.progress.running;
  return ((now - Date.parse(batch.started_at)) / ended) * left;
}

/** The one text that a row gave: its answer, or all its outputs. */
export function outputText(outputs: BatchRow["outputs"]): string {
  if (typeof outputs.answer === "string") return outputs.answer;
  const values = Object.entries(outputs);
  if (values.length === 0) return "";
  return values.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" · ");
}

export function resultsName(name: string): string {
  return `${name.replace(/\.[^.]+$/, "") || "batch"}-results.csv`;
}
