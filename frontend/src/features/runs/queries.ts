/** The requests of this room. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { RunCount, RunDetail, RunSummary } from "@/shared/api/runTypes";
import type { Member, Page } from "@/shared/api/types";
import { isLive } from "@/shared/sse/runView";
import type { Filters } from "./filters";

const PAGE_RUNS = 100;
const LIST_POLL_MS = 10_000;

/** The newest page is looked at again and again; whoever has scrolled on reads, and is left in peace. */
export const useRunPages = (filters: Filters) =>
  useInfiniteQuery({
    queryKey: ["runs", "pages", filters],
    queryFn: ({ pageParam, signal }) => api.get<Page<RunSummary>>("/runs", { ...filters, limit: PAGE_RUNS, cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : LIST_POLL_MS),
  });

export const useRunCount = (filters: Filters) =>
  useQuery({
    queryKey: ["runs", "count", filters],
    queryFn: ({ signal }) => api.get<RunCount>("/runs/count", filters, signal),
    placeholderData: keepPreviousData,
  });

export const useRunDetail = (runId: string) =>
  useQuery({
    queryKey: ["run", runId],
    queryFn: () => api.get<RunDetail>(`/runs/${runId}`),
    refetchInterval: (query) => {
      const status = query.state.data?.status;
      return status && isLive(status) ? 1_500 : status === "paused" ? 5_000 : false;
    },
  });

export const useMembers = (enabled: boolean) =>
  useQuery({ queryKey: ["members"], queryFn: () => api.get<Page<Member>>("/members", { limit: 100 }), select: (page) => page.results, enabled });
