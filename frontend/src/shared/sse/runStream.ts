/** Follows one run to its end: starts or attaches, drops doubles by seq, reconnects after a broken stream. */
import { ApiError, apiUrl, send } from "@/shared/api/client";
import { endsStream, isRunEventKind, type RunEvent } from "@/shared/api/events";
import type { Draft, Json } from "@/shared/api/types";
import { SseParser, type SseMessage } from "./parser";

export interface RunRequest {
  inputs: Record<string, Json>;
  query?: string;
  conversation_id?: string;
  files?: string[];
  /** A published version to run in place of the draft. */
  version?: number;
  /** Parts that stand in place of the draft's, this once. */
  overrides?: Partial<Draft>;
}

/** The server sends a comment every 10 s: three of them missing mean that the line is dead. */
const SILENCE_MS = 30_000;
const RECONNECT_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];
const MAX_RECONNECTS = 30;

/** An event whose kind or base is unknown is dropped: no event executes anything. */
export function toRunEvent(message: SseMessage): RunEvent | null {
  if (!isRunEventKind(message.event)) return null;
  let data: unknown;
  try {
    data = JSON.parse(message.data);
  } catch {
    return null;
  }
  if (typeof data !== "object" || data === null) return null;
  const seq = Number((data as Record<string, unknown>).seq ?? message.id);
  if (!Number.isInteger(seq)) return null;
  return { ...data, seq, kind: message.event } as RunEvent;
}

async function* messagesOf(response: Response, abort: AbortController): AsyncGenerator<SseMessage> {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new SseParser();
  try {
    for (;;) {
      const silence = setTimeout(() => abort.abort(), SILENCE_MS);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Where runs are followed and ended, and what says who asks where no cookie does. */
export interface Door {
  events: (runId: string) => string;
  cancel: (runId: string) => string;
  headers: () => Record<string, string>;
}

export const CONSOLE: Door = {
  events: (runId) => `/runs/${runId}/events`,
  cancel: (runId) => `/runs/${runId}/cancel`,
  headers: () => ({}),
};

export interface FollowOptions {
  door?: Door;
  signal: AbortSignal;
  onReconnect?: () => void;
  reconnectMs?: number[];
}

/** Starts a run of the app's draft. Rejects before the first event with the ApiError of a refused run. */
export async function* startRun(appId: string, body: RunRequest, options: FollowOptions): AsyncGenerator<RunEvent> {
  yield* startAt(`/apps/${appId}/runs`, body, options);
}

/** Starts a run at another door that answers with its stream. */
export async function* startAt(path: string, body: object, options: FollowOptions): AsyncGenerator<RunEvent> {
  const abort = linked(options.signal);
  const headers = { Accept: "text/event-stream", ...options.door?.headers() };
  const response = await send("POST", apiUrl(path), body, { headers, signal: abort.signal });
  yield* follow(response.headers.get("X-Run-Id"), response, abort, options);
}

/** Replays a run from the beginning and follows it. */
export async function* attachRun(runId: string, options: FollowOptions): AsyncGenerator<RunEvent> {
  yield* follow(runId, null, linked(options.signal), options);
}

async function* follow(
  knownRunId: string | null,
  first: Response | null,
  firstAbort: AbortController,
  options: FollowOptions,
): AsyncGenerator<RunEvent> {
  const delays = options.reconnectMs ?? RECONNECT_MS;
  let [runId, response, abort, lastSeq, failures] = [knownRunId, first, firstAbort, -1, 0];
  while (!options.signal.aborted) {
    try {
      response ??= await open(options.door ?? CONSOLE, runId, lastSeq, abort.signal);
      for await (const message of messagesOf(response, abort)) {
        const event = toRunEvent(message);
        if (!event || event.seq <= lastSeq) continue;
        [lastSeq, runId, failures] = [event.seq, event.run_id, 0];
        yield event;
        if (endsStream(event)) return;
      }
    } catch (reason) {
      if (options.signal.aborted) return;
      if (reason instanceof ApiError && reason.status >= 400 && reason.status < 500 && reason.status !== 429) throw reason;
    }
    if (!runId || failures >= MAX_RECONNECTS) throw new ApiError(0, "stream_lost", "");
    options.onReconnect?.();
    await pause(delays[Math.min(failures, delays.length - 1)] ?? 0, options.signal);
    failures += 1;
    [response, abort] = [null, linked(options.signal)];
  }
}

function open(door: Door, runId: string | null, lastSeq: number, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "text/event-stream", ...door.headers() };
  if (lastSeq >= 0) headers["Last-Event-ID"] = String(lastSeq);
  return send("GET", apiUrl(door.events(runId ?? "")), undefined, { headers, signal });
}

function linked(signal: AbortSignal): AbortController {
  const abort = new AbortController();
  if (signal.aborted) abort.abort();
  signal.addEventListener("abort", () => abort.abort());
  return abort;
}
