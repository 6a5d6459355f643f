/** Where each node's bar stands on the run's time line; pure, so that it can be tested. */
import type { RunNode } from "@/shared/api/runTypes";

export interface Bar {
  node: RunNode;
  /** Both in percent of the whole. */
  left: number;
  width: number;
}

function timeOf(at: string | number | null): number | null {
  if (at === null) return null;
  return typeof at === "number" ? at * 1_000 : Date.parse(at);
}

const NARROWEST_PERCENT = 0.8;

export function barsOf(nodes: RunNode[], runStartedAt: string | null, now = Date.now()): Bar[] {
  const spans = nodes.map((node) => {
    const start = timeOf(node.started_at);
    const end = start === null ? null : start + (node.elapsed_ms ?? (node.status === "running" ? now - start : 0));
    return { node, start, end };
  });
  const starts = spans.flatMap((span) => span.start ?? []);
  const from = Math.min(...starts, runStartedAt ? Date.parse(runStartedAt) : Infinity);
  const total = Math.max(...spans.flatMap((span) => span.end ?? []), from + 1) - from;
  return spans.map(({ node, start, end }) => {
    if (start === null || end === null || !Number.isFinite(from)) return { node, left: 0, width: 0 };
    const width = Math.max(((end - start) / total) * 100, NARROWEST_PERCENT);
    return { node, left: Math.min(((start - from) / total) * 100, 100 - width), width };
  });
}

/** How deep a node lies in rounds of containers: its id is its path, with a slash after each round. */
export const depthOf = (node: RunNode): number => node.node_id.split("/").length - 1;
