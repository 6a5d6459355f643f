/** How a metric is written: by its unit, short in tiles and on axes. */
import type { components } from "@/shared/api/schema";
import { formatDuration, formatUsd } from "@/shared/format/numbers";

export type Unit = components["schemas"]["AnalyticsTotal"]["unit"];

export function written(value: number | null | undefined, unit: Unit, language: string): string {
  if (value === null || value === undefined) return "–";
  const number = (options: Intl.NumberFormatOptions) => new Intl.NumberFormat(language, options).format(value);
  switch (unit) {
    case "ms":
      return formatDuration(value);
    case "usd":
      return formatUsd(value);
    case "ratio":
      return number({ style: "percent", maximumFractionDigits: value !== 0 && Math.abs(value) < 0.1 ? 1 : 0 });
    case "tokens_per_s":
      return number({ maximumFractionDigits: 1 });
    case "count":
    case "tokens":
      return Math.abs(value) >= 100_000 ? number({ notation: "compact", maximumFractionDigits: 1 }) : number({ maximumFractionDigits: Number.isInteger(value) ? 0 : 1 });
  }
}

/** With its sign, without figures that say nothing: "+12 %". */
export const writtenChange = (change: number, language: string): string =>
  new Intl.NumberFormat(language, { style: "percent", signDisplay: "exceptZero", maximumFractionDigits: Math.abs(change) < 0.1 ? 1 : 0 }).format(change);
