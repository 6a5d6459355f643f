/** Has a model write a prompt: its text as it comes, then what of it can be used. */
import { useCallback, useState } from "react";
import { ApiError, api } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import { useRun } from "@/shared/sse/useRun";
import { answerOf, type RunView } from "@/shared/sse/runView";

export type Written = components["schemas"]["PromptWritten"];

export interface AssistRequest {
  model: string;
  task: string;
  prompt: string;
  variables: string[];
}

export function useAssist() {
  const [written, setWritten] = useState<Written | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const onEnd = useCallback((view: RunView) => {
    if (view.error) setError(new ApiError(0, view.error.code, view.error.message));
    if (!view.runId || view.error) return;
    api
      .get<Written>(`/prompts/assists/${view.runId}`)
      .then(setWritten)
      .catch((reason: unknown) => setError(reason instanceof ApiError ? reason : new ApiError(0, "network_error", String(reason))));
  }, []);
  const { run, startFrom, stop, clear, live } = useRun(onEnd);
  const reset = useCallback(() => {
    clear();
    setWritten(null);
    setError(null);
  }, [clear]);
  const start = useCallback(
    (request: AssistRequest) => {
      setWritten(null);
      setError(null);
      void startFrom("/prompts/assists", request.task, request);
    },
    [startFrom],
  );
  return {
    start,
    stop,
    reset,
    written,
    error: run?.error ?? error,
    text: run ? answerOf(run.view) : "",
    view: run?.view ?? null,
    live,
    /** The model has ended and what it wrote is being checked. */
    checking: run !== null && !live && !run.error && !error && !written,
  };
}
