/** What a trace tells about the hits: the columns of its stages, with each hit's way from the one to the next. */
import type { Retrieval, Stage, TracedChunk } from "@/shared/api/retrievalTypes";

export type ColumnName = "semantic" | "full_text" | "fuse" | "rerank" | "result";

export interface RankedHit {
  chunkId: string;
  rank: number;
  score: number | null;
  /** Places won since the stage before; null where that stage did not have it, or there is none. */
  change: number | null;
  isNew: boolean;
  isReturned: boolean;
  chunk: TracedChunk | null;
}

export interface Column {
  name: ColumnName;
  elapsedMs: number | null;
  /** Why the stage gave nothing, where it failed or came too late. */
  note: string;
  hits: RankedHit[];
}

const STAGES = ["semantic", "full_text", "fuse", "rerank"] as const;
const LEGS: readonly ColumnName[] = ["semantic", "full_text"];

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each) => typeof each === "string") : []);
const numbers = (value: unknown): number[] => (Array.isArray(value) ? value.filter((each) => typeof each === "number") : []);

/** Rank by chunk, from 1; of several lists the best one. */
export function ranksOf(lists: string[][]): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const list of lists) {
    list.forEach((id, index) => ranks.set(id, Math.min(index + 1, ranks.get(id) ?? Infinity)));
  }
  return ranks;
}

export function noteOf(stage: Stage): string {
  const said = stage.detail.error ?? stage.detail.reason ?? stage.detail.note ?? stage.detail.skipped;
  return typeof said === "string" ? said : "";
}

export function columnsOf(retrieval: Retrieval): Column[] {
  const returned = new Map(retrieval.results.map((hit) => [hit.chunk_id, hit]));
  const build = (name: ColumnName, ids: string[], scores: number[], before: string[][], stage?: Stage): Column => {
    const earlier = before.length > 0 ? ranksOf(before) : null;
    return {
      name,
      elapsedMs: stage?.elapsed_ms ?? null,
      note: stage ? noteOf(stage) : "",
      hits: ids.map((chunkId, index) => {
        const was = earlier?.get(chunkId);
        return {
          chunkId,
          rank: index + 1,
          score: scores[index] ?? null,
          change: was === undefined ? null : was - (index + 1),
          isNew: earlier !== null && was === undefined,
          isReturned: returned.has(chunkId),
          chunk: retrieval.chunks?.[chunkId] ?? returned.get(chunkId) ?? null,
        };
      }),
    };
  };

  const columns: Column[] = [];
  for (const name of STAGES) {
    const stage = retrieval.trace.find((each) => each.name === name);
    if (!stage) continue;
    const ids = strings(stage.detail.ids ?? stage.detail.chunk_ids);
    if (ids.length === 0 && noteOf(stage) === "" && name !== "semantic" && name !== "full_text") continue;
    const before = LEGS.includes(name) ? [] : beforeOf(columns);
    columns.push(build(name, ids, numbers(stage.detail.scores), before, stage));
  }
  const last = columns.findLast((column) => column.hits.length > 0);
  const results = retrieval.results.map((hit) => hit.chunk_id);
  const same = last !== undefined && results.every((id, index) => last.hits[index]?.chunkId === id);
  if (!same && results.length > 0) {
    columns.push(build("result", results, retrieval.results.map((hit) => hit.score), beforeOf(columns)));
  }
  return columns;
}

/** What a stage chose from: both legs, or the one stage before it. */
function beforeOf(columns: Column[]): string[][] {
  const filled = columns.filter((column) => column.hits.length > 0);
  const last = filled.at(-1);
  if (!last) return [];
  const chosen = LEGS.includes(last.name) ? filled.filter((column) => LEGS.includes(column.name)) : [last];
  return chosen.map((column) => column.hits.map((hit) => hit.chunkId));
}

/** How long the search took: the two legs run side by side. */
export function totalMs(trace: Stage[]): number {
  const sum = trace.reduce((ms, stage) => ms + stage.elapsed_ms, 0);
  const legs = trace.filter((stage) => LEGS.some((leg) => leg === stage.name)).map((stage) => stage.elapsed_ms);
  return legs.length > 1 ? sum - Math.min(...legs) : sum;
}

export interface Slice {
  name: string;
  elapsedMs: number;
  percent: number;
}

/** The stages as parts of the whole time; what took no time is not shown. */
export function slicesOf(trace: Stage[]): Slice[] {
  const total = trace.reduce((sum, stage) => sum + stage.elapsed_ms, 0);
  if (total <= 0) return [];
  return trace
    .filter((stage) => stage.elapsed_ms > 0)
    .map((stage) => ({ name: stage.name, elapsedMs: stage.elapsed_ms, percent: (stage.elapsed_ms / total) * 100 }));
}
