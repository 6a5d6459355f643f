/** One shape for a question with its answer, whether it streams now or was stored long ago. */
import type { LiveRun } from "@/shared/sse/useRun";
import { answerOf, type NodeView, type StepView } from "@/shared/sse/runView";
import type { JsonObject } from "@/shared/api/types";
import type { AskShown, FileShown, PassageShown, Rating, StepShown, VisitorRun } from "./api";

export interface Turn {
  id: string | null;
  status: VisitorRun["status"];
  query: string;
  files: FileShown[];
  text: string;
  outputs: JsonObject;
  sources: PassageShown[];
  steps: StepShown[];
  asks: AskShown[];
  error: string | null;
  retryAfterS: number | null;
  rating: Rating;
  reconnecting: boolean;
}

export function turnOfRun(run: VisitorRun): Turn {
  return { ...run, text: run.answer, retryAfterS: null, reconnecting: false };
}

export function turnOfLive(live: LiveRun, files: FileShown[]): Turn {
  const { view, error } = live;
  return {
    id: view.runId,
    status: error ? "failed" : view.status,
    query: live.query,
    files,
    text: answerOf(view),
    outputs: view.outputs ?? {},
    sources: view.sources,
    steps: stepsOf(view.nodes, view.steps),
    asks: [],
    error: error?.code ?? view.error?.code ?? null,
    retryAfterS: error?.retryAfterS ?? null,
    rating: null,
    reconnecting: live.reconnecting,
  };
}

/** Only nodes of which the stream told a start are steps: the others are told nothing of. */
function stepsOf(nodes: NodeView[], calls: StepView[]): StepShown[] {
  return nodes
    .filter((node) => node.kind !== "")
    .map((node) => ({
      node_id: node.nodeId,
      kind: node.kind,
      title: node.title,
      status: node.status,
      elapsed_ms: node.elapsedMs,
      tools: calls.filter((call) => call.nodeId === node.nodeId).map((call) => ({ name: call.name, failed: call.error !== null })),
    }));
}

/** What is copied of an answer: its text, or the texts that a form's run gave. */
export function wordsOfTurn(turn: Turn): string {
  if (turn.text) return turn.text;
  return Object.values(turn.outputs).filter((value) => typeof value === "string").join("\n\n");
}

export const isLiveTurn = (turn: Turn): boolean => turn.status === "queued" || turn.status === "running";

/** The stored ones, and the live one in its place: a run has one turn, whoever told of it last. */
export function turnsOf(stored: VisitorRun[], live: Turn | null): Turn[] {
  const earlier = stored.filter((run) => run.id !== live?.id).map(turnOfRun);
  return live ? [...earlier, live] : earlier;
}
