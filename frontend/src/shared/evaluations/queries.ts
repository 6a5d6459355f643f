/** What more than one feature asks about evaluations. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import { notifyError } from "@/shared/ui/notify";
import type { Evaluator, ExperimentDetail, Gate, TestSet } from "./types";

const POLL_MS = 2_000;

export const useTestSets = (enabled = true) =>
  useQuery({
    queryKey: ["evaluation-sets"],
    queryFn: () => api.get<Page<TestSet>>("/test-sets", { limit: 100 }),
    select: (page) => page.results,
    enabled,
  });

export const useEvaluators = () =>
  useQuery({
    queryKey: ["evaluators"],
    queryFn: () => api.get<Page<Evaluator>>("/evaluators", { limit: 100 }),
    select: (page) => page.results,
  });

export const useGate = (appId: string, enabled = true) =>
  useQuery({
    queryKey: ["gate", appId],
    queryFn: () => api.get<Gate>(`/apps/${appId}/gate`),
    refetchInterval: (query) => (query.state.data?.standing.state === "running" ? POLL_MS : false),
    // The draft is saved while people type: where it stands is asked anew each time.
    staleTime: 0,
    enabled,
  });

/** Starts the experiment that the gate demands. */
export function useGateRun(appId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post<ExperimentDetail>(`/apps/${appId}/gate/run`),
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: ["gate", appId] }), client.invalidateQueries({ queryKey: ["experiments"] })]),
    onError: notifyError,
  });
}
