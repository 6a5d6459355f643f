/** The requests of this room. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, apiUrl } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import { saveFrom } from "@/shared/ui/saveFile";
import { type Choice, metricsOf } from "./choice";

type Schemas = components["schemas"];
export type Totals = Schemas["AnalyticsTotals"];
export type Total = Schemas["AnalyticsTotal"];
export type Series = Schemas["AnalyticsSeries"];
export type Breakdown = Schemas["AnalyticsBreakdown"];
export type BreakdownRow = Schemas["AnalyticsBreakdownRow"];

const ROWS = 20;

const scopeOf = ({ since, until, filters }: Choice) => ({ since, until, ...filters });

export function useTotals(choice: Choice) {
  const query = scopeOf(choice);
  return useQuery({
    queryKey: ["analytics", "totals", query],
    queryFn: ({ signal }) => api.get<Totals>("/analytics/totals", query, signal),
    placeholderData: keepPreviousData,
  });
}

export function useSeries(choice: Choice) {
  const query = { ...scopeOf(choice), metric: metricsOf(choice.chart).join(",") };
  return useQuery({
    queryKey: ["analytics", "series", query],
    queryFn: ({ signal }) => api.get<Series>("/analytics/series", query, signal),
    placeholderData: keepPreviousData,
  });
}

const breakdownQuery = (choice: Choice) => ({ ...scopeOf(choice), dimension: choice.dimension, sort: choice.order, limit: ROWS });

export function useBreakdown(choice: Choice) {
  const query = breakdownQuery(choice);
  return useQuery({
    queryKey: ["analytics", "breakdown", query],
    queryFn: ({ signal }) => api.get<Breakdown>("/analytics/breakdown", query, signal),
    placeholderData: keepPreviousData,
  });
}

/** Saves what the table or the chart shows as CSV; of the table more rows than the page has. */
export async function download(choice: Choice, table: "breakdown" | "series"): Promise<void> {
  const query = table === "series" ? { ...scopeOf(choice), table, metric: metricsOf(choice.chart).join(",") } : { ...breakdownQuery(choice), table, limit: 200 };
  await saveFrom(apiUrl("/analytics/export", query), `analytics-${table}.csv`);
}
