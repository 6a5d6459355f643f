/** What the pages of evaluations ask; an experiment that moves is asked about every other second. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import type { Case, Experiment, ExperimentDetail, ExperimentRow, TestSet } from "@/shared/evaluations/types";

const POLL_MS = 2_000;
const ROWS = 1_000;

export const useTestSet = (id: string) =>
  useQuery({
    queryKey: ["evaluation-sets", id],
    queryFn: () => api.get<TestSet>(`/test-sets/${id}`),
    refetchInterval: (query) => (query.state.data?.generation?.is_running ? POLL_MS : false),
  });

export const useCases = (setId: string, moving: boolean) =>
  useInfiniteQuery({
    queryKey: ["evaluation-cases", setId],
    queryFn: ({ pageParam }) => api.get<Page<Case>>(`/test-sets/${setId}/cases`, { limit: 100, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: moving ? POLL_MS : false,
  });

export const useExperiments = (filters: { app?: string; set?: string } = {}) =>
  useQuery({
    queryKey: ["experiments", filters],
    queryFn: () => api.get<Page<Experiment>>("/experiments", { ...filters, limit: 100 }),
    select: (page) => page.results,
    refetchInterval: (query) => (query.state.data?.results.some((each) => !each.finished_at) ? POLL_MS : false),
  });

export const useExperiment = (id: string) =>
  useQuery({
    queryKey: ["experiment", id],
    queryFn: () => api.get<ExperimentDetail>(`/experiments/${id}`),
    refetchInterval: (query) => (query.state.data && !query.state.data.finished_at ? POLL_MS : false),
  });

export const useExperimentRows = (id: string, moving: boolean) =>
  useQuery({
    queryKey: ["experiment-rows", id, moving],
    queryFn: () => api.get<ExperimentRow[]>(`/experiments/${id}/rows`, { limit: ROWS }),
    refetchInterval: moving ? POLL_MS : false,
    placeholderData: (before) => before,
  });
