/** Alerts as the API states them, and how values of metrics are said. */
import type { TFunction } from "i18next";
import type { components } from "@/shared/api/schema";
import { formatCount, formatDuration, formatUsd } from "@/shared/format/numbers";

export type Alert = components["schemas"]["Alert"];
export type AlertMade = components["schemas"]["AlertMade"];
export type AlertEvent = components["schemas"]["AlertEvent"];
export type AlertWrite = components["schemas"]["AlertWriteRequest"];
export type AlertMetrics = components["schemas"]["AlertMetrics"];

export const METRICS = [
  "runs",
  "errors",
  "error_rate",
  "cost",
  "tokens",
  "users",
  "ttft_p95",
  "time_p50",
  "time_p95",
  "tokens_per_second",
  "satisfaction",
  "dislikes",
  "empty_retrieval_rate",
] as const;
export const WINDOWS = [5, 15, 60, 360, 1440, 10080] as const;
type Metric = (typeof METRICS)[number];

const isKnown = (metric: string): metric is Metric => (METRICS as readonly string[]).includes(metric);

/** A metric that only the API offers has its own name. */
export function metricName(t: TFunction, metric: string): string {
  return isKnown(metric) ? t(`alerts.metrics.${metric}`) : metric;
}

const isShare = (metric: string) => metric.endsWith("_rate") || metric === "satisfaction";

/** What stands before or after a number in a form, and by how much the form's number is larger than the API's. */
export function unitOf(metric: string): { prefix: string; suffix: string; factor: number } {
  if (isShare(metric)) return { prefix: "", suffix: " %", factor: 100 };
  if (metric === "cost") return { prefix: "$", suffix: "", factor: 1 };
  return { prefix: "", suffix: /^(ttft|time)_/.test(metric) ? " ms" : "", factor: 1 };
}

export function valueText(metric: string, value: number | null): string {
  if (value === null) return "–";
  if (isShare(metric)) return `${Number((value * 100).toPrecision(3))} %`;
  if (metric === "cost") return formatUsd(value);
  if (/^(ttft|time)_/.test(metric)) return formatDuration(value);
  return formatCount(Number(value.toPrecision(6)));
}

export function windowText(t: TFunction, minutes: number): string {
  if (minutes % 1440 === 0) return t("alerts.days", { count: minutes / 1440 });
  if (minutes % 60 === 0) return t("alerts.hours", { count: minutes / 60 });
  return t("alerts.minutes", { count: minutes });
}
