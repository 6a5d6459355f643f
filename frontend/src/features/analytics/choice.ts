/** What is looked at, as it stands in the address: a period, filters, a chart and a dimension. Pure. */

export const PERIODS = ["24h", "7d", "30d", "90d"] as const;
export type PeriodName = (typeof PERIODS)[number];

const HOURS: Record<PeriodName, number> = { "24h": 24, "7d": 168, "30d": 720, "90d": 2160 };

export const FILTER_NAMES = ["app", "version", "model", "source", "key", "member", "end_user", "error_code"] as const;
export type FilterName = (typeof FILTER_NAMES)[number];

export const DIMENSIONS = ["app", "version", "model", "source", "key", "member", "end_user", "error_code", "node"] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export const CHARTS = ["runs", "time", "ttft", "users", "conversations", "tokens", "cost", "error_rate", "satisfaction", "tokens_per_second", "retrievals", "empty_retrieval_rate", "prompt_cache_rate"] as const;
export type Chart = (typeof CHARTS)[number];

export const ORDERS = ["runs", "tokens", "cost", "errors"] as const;
export type Order = (typeof ORDERS)[number];

export interface Choice {
  period: PeriodName | null;
  since: string;
  until: string;
  filters: Partial<Record<FilterName, string>>;
  chart: Chart;
  dimension: Dimension;
  order: Order;
}

const oneOf = <T extends string>(known: readonly T[], text: string | null): T | undefined => known.find((name) => name === text);
const withoutMillis = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");

/** A period of its own stands as two moments; a named one ends now, and moves on with it. */
export function choiceOf(search: URLSearchParams, now: number, appId?: string): Choice {
  const filters: Choice["filters"] = {};
  for (const name of FILTER_NAMES) {
    const value = search.get(name)?.trim();
    if (value) filters[name] = value;
  }
  if (appId) filters.app = appId;
  const since = search.get("since");
  const until = search.get("until");
  const named = oneOf(PERIODS, search.get("period"));
  const isOwn = since !== null && until !== null && !named;
  const period = isOwn ? null : (named ?? "7d");
  const wanted = oneOf(DIMENSIONS, search.get("by")) ?? (appId ? "version" : "app");
  return {
    period,
    since: period ? withoutMillis(now - HOURS[period] * 3_600_000) : (since ?? ""),
    until: period ? withoutMillis(now) : (until ?? ""),
    filters,
    chart: oneOf(CHARTS, search.get("chart")) ?? "runs",
    // Versions are those of one app.
    dimension: wanted === "version" && !filters.app ? "app" : wanted,
    order: oneOf(ORDERS, search.get("order")) ?? "runs",
  };
}

export function withChange(search: URLSearchParams, change: Record<string, string | null>): URLSearchParams {
  const changed = new URLSearchParams(search);
  for (const [name, value] of Object.entries(change)) {
    if (value) changed.set(name, value);
    else changed.delete(name);
  }
  return changed;
}

/** The metrics of a chart: times are three lines. */
export const metricsOf = (chart: Chart): string[] => (chart === "time" || chart === "ttft" ? ["p50", "p95", "p99"].map((share) => `${chart}_${share}`) : [chart]);

/** The address of the list of runs with these filters; an app's own list needs none for the app. */
export function runsQuery(runs: Record<string, string>, appId?: string): string {
  const search = new URLSearchParams(runs);
  if (appId) search.delete("app");
  return `?${search}`;
}
