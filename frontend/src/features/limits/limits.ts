/** Limits as the API states them, and how they are said. */
import type { TFunction } from "i18next";
import type { components } from "@/shared/api/schema";
import { formatCount, formatUsd } from "@/shared/format/numbers";

export type Limit = components["schemas"]["Limit"];
export type LimitWrite = components["schemas"]["LimitWriteRequest"];
export type Usage = components["schemas"]["Usage"];
export type Metric = Limit["metric"];

export const SCOPES = ["workspace", "app", "key", "end_user"] as const;
export const METRICS = ["runs", "tokens", "cost"] as const;
export const PERIODS = ["minute", "day", "month"] as const;
const NEAR = 0.8;

export function amountText(metric: Metric, amount: string | number): string {
  return metric === "cost" ? formatUsd(amount) : formatCount(Number(amount));
}

/** How much of a limit is used, 0 to 1; a limit of nothing is always used up. */
export function share(limit: Pick<Limit, "amount" | "used">): number {
  const amount = Number(limit.amount);
  return amount > 0 ? Math.min(1, Number(limit.used) / amount) : 1;
}

export function shareColor(limit: Pick<Limit, "amount" | "used">): "accent" | "yellow" | "red" {
  const used = share(limit);
  if (used >= 1) return "red";
  return used >= NEAR ? "yellow" : "accent";
}

/** For whom a limit is: the workspace, an app or key by name, each end user. */
export function whose(t: TFunction, limit: Pick<Limit, "scope" | "app" | "key">): string {
  const name = limit.key?.name ?? limit.app?.name;
  const scope = t(`limits.scopes.${limit.scope}`);
  return name ? `${scope} · ${name}` : scope;
}
