/** The run of an app without conversations: the one that is kept in the address, or the one that was just started. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api } from "@/shared/api/client";
import type { RunDetail } from "@/shared/api/runTypes";
import { isLive } from "@/shared/sse/runView";
import { storedSteps } from "@/shared/sse/steps";
import { useRun } from "@/shared/sse/useRun";
import { answerOfLive, answerOfRun, type AnswerModel } from "./answerModel";

interface Keeping {
  runId: string | null;
  keep: (id: string | null) => void;
}

export function useKeptRun({ runId, keep }: Keeping) {
  const client = useQueryClient();
  const { run, start, attach, stop, clear, live } = useRun(() => void client.invalidateQueries({ queryKey: ["runs"] }));
  const stored = useQuery({
    queryKey: ["run", runId],
    queryFn: () => api.get<RunDetail>(`/runs/${runId}`),
    enabled: runId !== null && run === null,
  });

  const started = run?.view.runId ?? null;
  useEffect(() => {
    if (started && started !== runId) keep(started);
  }, [started, runId, keep]);

  // A reloaded page follows the run that is still going.
  const attached = useRef<string | null>(null);
  const found = stored.data;
  useEffect(() => {
    if (!found || run || !isLive(found.status) || attached.current === found.id) return;
    attached.current = found.id;
    void attach(found.id, found.query ?? "");
  }, [found, run, attach]);

  const answer: AnswerModel | null = run ? answerOfLive(run) : found ? answerOfRun(found, found.nodes.flatMap(storedSteps)) : null;
  return { run, answer, inputs: found?.inputs ?? null, start, stop, clear, live };
}
