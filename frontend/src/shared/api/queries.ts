/** Queries that more than one feature asks; what only one needs stays in that feature. */
import { useInfiniteQuery, useQuery, type QueryClient } from "@tanstack/react-query";
import { api } from "./client";
import type { Dataset } from "./knowledgeTypes";
import type { App, Model, Page, Tool } from "./types";
import type { RunSummary } from "./runTypes";

const MODELS_POLL_MS = 20_000;

export const useApps = (filters: { mode?: string; search?: string } = {}) =>
  useQuery({
    queryKey: ["apps", filters],
    queryFn: () => api.get<Page<App>>("/apps", { ...filters, limit: 100 }),
    select: (page) => page.results,
  });

export const useApp = (id: string) => useQuery({ queryKey: ["app", id], queryFn: () => api.get<App>(`/apps/${id}`) });

export const useDatasets = () =>
  useQuery({
    queryKey: ["datasets"],
    queryFn: () => api.get<Page<Dataset>>("/datasets", { limit: 100 }),
    select: (page) => page.results,
  });

export const useModels = () =>
  useQuery({
    queryKey: ["models"],
    queryFn: () => api.get<Page<Model>>("/models", { limit: 100 }),
    select: (page) => page.results,
    refetchInterval: MODELS_POLL_MS,
  });

export const useTools = () =>
  useQuery({
    queryKey: ["tools"],
    queryFn: () => api.get<Page<Tool>>("/tools"),
    select: (page) => page.results,
    staleTime: Infinity,
  });

export interface RunFilters {
  app?: string;
  status?: string;
  source?: string;
  search?: string;
}

export const useRuns = (filters: RunFilters, limit = 50) =>
  useInfiniteQuery({
    queryKey: ["runs", filters, limit],
    queryFn: ({ pageParam }) => api.get<Page<RunSummary>>("/runs", { ...filters, limit, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: 10_000,
  });

/** Call it after a change to an app: its page, the lists and the badge of its draft follow. */
export async function refreshApp(client: QueryClient, id: string): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: ["app", id] }),
    client.invalidateQueries({ queryKey: ["apps"] }),
    client.invalidateQueries({ queryKey: ["versions", id] }),
  ]);
}
