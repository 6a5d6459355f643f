/** What the evaluation asks the server: test sets, their cases, the evaluations of one. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { Evaluation, TestCase, TestSet } from "@/shared/api/retrievalTypes";
import type { Page } from "@/shared/api/types";

const POLL_MS = 1_500;

export const setsPath = (datasetId: string): string => `/datasets/${datasetId}/test-sets`;

const isGenerating = ({ generating }: TestSet): boolean => generating !== null && !generating.reason;
export const isRunning = ({ status }: Evaluation): boolean => status === "queued" || status === "running";

export const useTestSets = (datasetId: string) =>
  useQuery({
    queryKey: ["test-sets", datasetId],
    queryFn: () => api.get<Page<TestSet>>(setsPath(datasetId), { limit: 100 }),
    select: (page) => page.results,
    refetchInterval: (query) => (query.state.data?.results.some(isGenerating) ? POLL_MS : false),
  });

export const useCases = (datasetId: string, set: TestSet, search: string) =>
  useInfiniteQuery({
    queryKey: ["cases", set.id, search],
    queryFn: ({ pageParam }) => api.get<Page<TestCase>>(`${setsPath(datasetId)}/${set.id}/cases`, { search, cursor: pageParam, limit: 50 }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    refetchInterval: isGenerating(set) ? POLL_MS : false,
  });

export const useEvaluations = (datasetId: string, setId: string) =>
  useQuery({
    queryKey: ["evaluations", setId],
    queryFn: () => api.get<Page<Evaluation>>(`${setsPath(datasetId)}/${setId}/evaluations`, { limit: 50 }),
    select: (page) => page.results,
    refetchInterval: (query) => (query.state.data?.results.some(isRunning) ? POLL_MS : false),
  });

/** The whole of one, with its questions; asked again while it runs. */
export const useEvaluation = (datasetId: string, setId: string, id: string) =>
  useQuery({
    queryKey: ["evaluation", id],
    queryFn: () => api.get<Evaluation>(`${setsPath(datasetId)}/${setId}/evaluations/${id}`),
    enabled: id !== "",
    refetchInterval: (query) => (query.state.data && isRunning(query.state.data) ? POLL_MS : false),
  });
