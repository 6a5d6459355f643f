/** What a run looks like after some of its events: a pure reduction, the same for live, resumed and replayed. */
import { toolError, usageOf, type RunEvent, type Source, type Usage } from "@/shared/api/events";
import type { RunStatus } from "@/shared/api/runTypes";
import type { JsonObject } from "@/shared/api/types";

/** Attempt n of a run numbers its events from n times this. */
const SEQS_PER_ATTEMPT = 1_000_000;

export interface NodeView {
  nodeId: string;
  kind: string;
  title: string;
  status: "running" | "succeeded" | "failed";
  text: string;
  elapsedMs: number | null;
}

export interface StepView {
  callId: string;
  nodeId: string;
  name: string;
  arguments: JsonObject;
  thought: string | null;
  output: string | null;
  error: { code: string; message: string } | null;
  elapsedMs: number | null;
}

export interface RunView {
  runId: string | null;
  conversationId: string | null;
  status: RunStatus;
  attempt: number;
  nodes: NodeView[];
  steps: StepView[];
  sources: Source[];
  outputs: JsonObject | null;
  usage: Usage | null;
  elapsedMs: number | null;
  ttftMs: number | null;
  cost: string | null;
  error: { code: string; message: string } | null;
  startedAt: string | null;
  lastSeq: number;
}

export const EMPTY_RUN: RunView = {
  runId: null,
  conversationId: null,
  status: "queued",
  attempt: 0,
  nodes: [],
  steps: [],
  sources: [],
  outputs: null,
  usage: null,
  elapsedMs: null,
  ttftMs: null,
  cost: null,
  error: null,
  startedAt: null,
  lastSeq: -1,
};

/** The text that the run has shown so far; after run_finished, what it has stored. */
export function answerOf(view: RunView): string {
  const answer = view.outputs?.answer;
  return typeof answer === "string" ? answer : view.nodes.map((node) => node.text).join("");
}

export function isLive(status: RunStatus): boolean {
  return status === "queued" || status === "running";
}

export function reduceRun(view: RunView, event: RunEvent): RunView {
  if (event.seq <= view.lastSeq) return view;
  const attempt = Math.floor(event.seq / SEQS_PER_ATTEMPT);
  return { ...apply(view, event), lastSeq: event.seq, runId: event.run_id, attempt };
}

function apply(view: RunView, event: RunEvent): RunView {
  switch (event.kind) {
    case "run_started":
      return {
        ...view,
        status: "running",
        conversationId: event.conversation_id,
        startedAt: view.startedAt ?? event.at,
      };
    case "node_started":
      return withNode(view, event.node_id, (node) => ({
        ...node,
        kind: event.node_kind,
        title: event.title,
        status: "running",
        elapsedMs: null,
      }));
    case "text_delta":
      return {
        ...withNode(view, event.node_id, (node) => ({ ...node, text: node.text + event.text })),
        ttftMs: view.ttftMs ?? msBetween(view.startedAt, event.at),
      };
    case "text_reset":
      return withNode(view, event.node_id, (node) => ({ ...node, text: event.text }));
    case "sources":
      return { ...view, sources: event.sources };
    case "tool_call":
      return withStep(view, event.call_id, {
        nodeId: event.node_id,
        name: event.name,
        arguments: event.arguments,
        thought: event.thought || null,
        output: null,
        error: null,
        elapsedMs: null,
      });
    case "tool_result":
      return withStep(view, event.call_id, { output: event.output, error: toolError(event), elapsedMs: event.elapsed_ms });
    case "node_finished":
      return withNode(view, event.node_id, (node) => ({ ...node, status: "succeeded", elapsedMs: event.elapsed_ms }));
    case "node_failed":
      return withNode(view, event.node_id, (node) => ({ ...node, status: "failed" }));
    case "annotation_reply":
      return event.outcome === "hit"
        ? withNode(view, event.kind, (node) => ({ ...node, kind: event.kind, status: "succeeded", elapsedMs: event.elapsed_ms }))
        : view;
    // What only graphs have; the page that shows a graph reads them itself.
    case "node_retried":
    case "round_started":
    case "round_finished":
    case "variable_assigned":
    case "human_input_required":
    case "human_input_given":
    case "agent_note":
    case "prompt_sent":
      return view;
    case "run_paused":
      return { ...view, status: "paused" };
    case "run_finished":
      return {
        ...view,
        status: "succeeded",
        outputs: event.outputs,
        usage: usageOf(event.usage),
        elapsedMs: event.elapsed_ms,
        cost: event.cost,
      };
    case "run_failed":
      return { ...view, status: "failed", error: { code: event.code, message: event.message } };
    case "run_cancelled":
      return { ...view, status: "cancelled" };
  }
}

function withNode(view: RunView, nodeId: string, change: (node: NodeView) => NodeView): RunView {
  const blank: NodeView = { nodeId, kind: "", title: nodeId, status: "running", text: "", elapsedMs: null };
  if (!view.nodes.some((node) => node.nodeId === nodeId)) return { ...view, nodes: [...view.nodes, change(blank)] };
  return { ...view, nodes: view.nodes.map((node) => (node.nodeId === nodeId ? change(node) : node)) };
}

function withStep(view: RunView, callId: string, change: Partial<StepView>): RunView {
  const known = view.steps.find((step) => step.callId === callId);
  if (known) {
    return { ...view, steps: view.steps.map((step) => (step === known ? { ...step, ...change } : step)) };
  }
  const blank: StepView = {
    callId,
    nodeId: "",
    name: "",
    arguments: {},
    thought: null,
    output: null,
    error: null,
    elapsedMs: null,
  };
  return { ...view, steps: [...view.steps, { ...blank, ...change }] };
}

function msBetween(from: string | null, to: string): number | null {
  const ms = from ? Date.parse(to) - Date.parse(from) : Number.NaN;
  return Number.isFinite(ms) && ms >= 0 ? ms : null;
}
