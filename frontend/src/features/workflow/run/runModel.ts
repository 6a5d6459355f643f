/** What a run of a graph looks like after some of its events: each step by its path, `iter:3/llm` inside round 3. */
import { toolError, usageOf, type RunEvent, type Usage } from "@/shared/api/events";
import type { RunStatus } from "@/shared/api/runTypes";
import type { Json, JsonObject } from "@/shared/api/types";
import type { StepView } from "@/shared/sse/runView";

export type StepStatus = "running" | "retrying" | "succeeded" | "exception" | "failed" | "paused" | "cancelled";

export interface Failure {
  code: string;
  message: string;
}

export interface Step {
  path: string;
  nodeId: string;
  kind: string;
  title: string;
  status: StepStatus;
  inputs: Json;
  outputs: Json;
  usage: Usage | null;
  model: string;
  elapsedMs: number | null;
  error: Failure | null;
  text: string;
  retries: number;
  /** "cached" or "mocked" where it did not run. */
  given: string;
  handle: string;
  rounds: number;
  startedAt: string;
  /** What an agent called, and what was remarked on it. */
  calls: StepView[];
  notes: string[];
}

export interface GraphRun {
  runId: string | null;
  conversationId: string;
  status: RunStatus;
  steps: ReadonlyMap<string, Step>;
  /** The answer so far: what nodes show, in order. */
  shown: string;
  outputs: JsonObject | null;
  usage: Usage | null;
  elapsedMs: number | null;
  cost: string | null;
  error: Failure | null;
  forms: { nodeId: string; path: string; ask: string; form: JsonObject }[];
  lastSeq: number;
}

export const NO_RUN: GraphRun = {
  runId: null,
  conversationId: "",
  status: "queued",
  steps: new Map(),
  shown: "",
  outputs: null,
  usage: null,
  elapsedMs: null,
  cost: null,
  error: null,
  forms: [],
  lastSeq: -1,
};

/** A node's own id out of its path. */
export const nodeOfPath = (path: string): string => (path.split("/").at(-1) ?? path).replace(/:\d+$/, "");

export function reduceGraphRun(run: GraphRun, event: RunEvent): GraphRun {
  if (event.seq <= run.lastSeq) return run;
  return { ...apply(run, event), runId: event.run_id, lastSeq: event.seq };
}

function withStep(run: GraphRun, path: string, at: string, change: (step: Step) => Partial<Step>): GraphRun {
  const before = run.steps.get(path) ?? blank(path, at);
  return { ...run, steps: new Map(run.steps).set(path, { ...before, ...change(before) }) };
}

function blank(path: string, at: string): Step {
  const nodeId = nodeOfPath(path);
  return {
    path,
    nodeId,
    kind: "",
    title: nodeId,
    status: "running",
    inputs: null,
    outputs: null,
    usage: null,
    model: "",
    elapsedMs: null,
    error: null,
    text: "",
    retries: 0,
    given: "",
    handle: "",
    rounds: 0,
    startedAt: at,
    calls: [],
    notes: [],
  };
}

const failureOf = (value: JsonObject): Failure | null =>
  typeof value.code === "string" ? { code: value.code, message: typeof value.message === "string" ? value.message : "" } : null;

function apply(run: GraphRun, event: RunEvent): GraphRun {
  switch (event.kind) {
    case "run_started":
      return { ...run, status: "running", conversationId: event.conversation_id };
    case "node_started":
      return withStep(run, event.node_id, event.at, () => ({ kind: event.node_kind, title: event.title, inputs: event.inputs, status: "running", error: null, startedAt: event.at }));
    case "text_delta":
      return { ...withStep(run, event.node_id, event.at, (step) => ({ text: step.text + event.text })), shown: run.shown + event.text };
    case "text_reset": {
      const before = run.steps.get(event.node_id)?.text ?? "";
      const shown = before !== "" && run.shown.endsWith(before) ? run.shown.slice(0, run.shown.length - before.length) : run.shown;
      return { ...withStep(run, event.node_id, event.at, () => ({ text: event.text })), shown: shown + event.text };
    }
    case "node_retried":
      return withStep(run, event.node_id, event.at, () => ({ status: "retrying", retries: event.attempt, error: { code: event.code, message: event.message } }));
    case "round_started":
      return withStep(run, event.node_id, event.at, (step) => ({ rounds: Math.max(step.rounds, event.index + 1) }));
    case "node_finished": {
      const error = failureOf(event.failure);
      return withStep(run, event.node_id, event.at, (step) => ({
        kind: event.node_kind || step.kind,
        status: error ? "exception" : "succeeded",
        outputs: event.outputs,
        usage: usageOf(event.usage),
        model: event.model,
        elapsedMs: event.elapsed_ms,
        handle: event.handle,
        given: event.given,
        error,
      }));
    }
    case "node_failed":
      return withStep(run, event.node_id, event.at, (step) => ({
        kind: event.node_kind || step.kind,
        status: "failed",
        error: { code: event.code, message: event.message },
        elapsedMs: step.elapsedMs ?? Math.max(0, Date.parse(event.at) - Date.parse(step.startedAt)),
      }));
    case "human_input_required": {
      const asked = { nodeId: nodeOfPath(event.node_id), path: event.node_id, ask: event.ask, form: event.form };
      return { ...withStep(run, event.node_id, event.at, () => ({ status: "paused" })), forms: [...run.forms, asked] };
    }
    case "human_input_given":
      return { ...run, forms: run.forms.filter((each) => each.path !== event.node_id || each.ask !== event.ask) };
    case "run_paused":
      return { ...run, status: "paused" };
    case "run_finished":
      return { ...run, status: "succeeded", outputs: event.outputs, usage: usageOf(event.usage), elapsedMs: event.elapsed_ms, cost: event.cost };
    case "run_failed":
      return ended({ ...run, status: "failed", error: { code: event.code, message: event.message } });
    case "run_cancelled":
      return ended({ ...run, status: "cancelled" });
    case "tool_call":
      return withStep(run, event.node_id, event.at, (step) => ({ calls: withCall(step.calls, { callId: event.call_id, nodeId: event.node_id, name: event.name, arguments: event.arguments, thought: event.thought || null, output: null, error: null, elapsedMs: null }) }));
    case "tool_result":
      return withStep(run, event.node_id, event.at, ({ calls }) => ({ calls: calls.map((call) => (call.callId === event.call_id ? { ...call, output: event.output, error: toolError(event), elapsedMs: event.elapsed_ms } : call)) }));
    case "agent_note":
      return event.note === "tools_offered" ? run : withStep(run, event.node_id, event.at, (step) => ({ notes: [...step.notes, event.told || event.text] }));
    case "annotation_reply":
      return event.outcome === "hit" ? withStep(run, event.kind, event.at, () => ({ kind: event.kind, status: "succeeded", elapsedMs: event.elapsed_ms, outputs: { question: event.question, score: event.score } })) : run;
    case "sources":
    case "round_finished":
    case "variable_assigned":
    case "prompt_sent":
      return run;
  }
}

/** A call that is made again after a pause is the same call. */
const withCall = (calls: StepView[], call: StepView): StepView[] => [...calls.filter((each) => each.callId !== call.callId), call];

/** What was going when the run ended goes no more. */
function ended(run: GraphRun): GraphRun {
  const steps = new Map(run.steps);
  for (const [path, step] of steps) if (step.status === "running" || step.status === "retrying") steps.set(path, { ...step, status: "cancelled" });
  return { ...run, steps };
}

/** The answer as it stands: what was shown, and once the run has ended what it has stored. */
export function answerOf(run: GraphRun): string {
  const answer = run.outputs?.answer;
  return typeof answer === "string" ? answer : run.shown;
}

const RANK: StepStatus[] = ["failed", "paused", "running", "retrying", "cancelled", "exception", "succeeded"];

/** The state of a node over all its rounds: the worst of them, the times together. */
export function overlayOf(run: GraphRun, nodeId: string): { status: StepStatus; elapsedMs: number | null; count: number; error: Failure | null; given: string } | null {
  const steps = [...run.steps.values()].filter((step) => step.nodeId === nodeId);
  if (steps.length === 0) return null;
  const status = RANK.find((each) => steps.some((step) => step.status === each)) ?? "succeeded";
  const times = steps.flatMap((step) => step.elapsedMs ?? []);
  return {
    status,
    elapsedMs: times.length > 0 ? times.reduce((a, b) => a + b, 0) : null,
    count: steps.length,
    error: steps.find((step) => step.error !== null)?.error ?? null,
    given: steps.find((step) => step.given !== "")?.given ?? "",
  };
}
