/** One shape for an answer, whether it is streaming now or was stored long ago. */
import type { Source } from "@/shared/api/events";
import type { Message, RunDetail, RunStatus } from "@/shared/api/runTypes";
import type { LiveRun } from "@/shared/sse/useRun";
import { answerOf, type StepView } from "@/shared/sse/runView";

export interface AnswerModel {
  runId: string | null;
  status: RunStatus;
  text: string;
  sources: Source[];
  steps: StepView[];
  error: { code: string; message: string } | null;
  tokens: number | null;
  ttftMs: number | null;
  elapsedMs: number | null;
  cost: string | null;
  rating: "like" | "dislike" | null;
}

export function answerOfLive({ view, error }: LiveRun): AnswerModel {
  return {
    runId: view.runId,
    status: error ? "failed" : view.status,
    text: answerOf(view),
    sources: view.sources,
    steps: view.steps,
    error: error ? { code: error.code, message: error.message } : view.error,
    tokens: view.usage ? view.usage.prompt_tokens + view.usage.completion_tokens : null,
    ttftMs: view.ttftMs,
    elapsedMs: view.elapsedMs,
    cost: view.cost,
    rating: null,
  };
}

export function answerOfMessage(message: Message, steps: StepView[]): AnswerModel {
  return {
    runId: message.id,
    status: message.status,
    text: message.answer ?? "",
    sources: message.sources ?? [],
    steps,
    error: message.error,
    tokens: message.prompt_tokens === null ? null : message.prompt_tokens + (message.completion_tokens ?? 0),
    ttftMs: message.ttft_ms,
    elapsedMs: message.elapsed_ms,
    cost: message.cost,
    rating: message.feedback?.rating ?? null,
  };
}

/** A run's trace as an answer: its sources are those of the last node that named some. */
export function answerOfRun(run: RunDetail, steps: StepView[]): AnswerModel {
  const sources = run.nodes.findLast((node) => (node.sources ?? []).length > 0)?.sources ?? null;
  return answerOfMessage({ ...run, sources }, steps);
}
