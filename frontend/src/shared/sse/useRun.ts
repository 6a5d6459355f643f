/** A run in a component: start or attach, stop, and the view of it, painted at most once a frame. */
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, apiUrl, send } from "@/shared/api/client";
import type { RunEvent } from "@/shared/api/events";
import { attachRun, CONSOLE, startAt, startRun, type Door, type RunRequest } from "./runStream";
import { EMPTY_RUN, isLive, reduceRun, type RunView } from "./runView";

export interface LiveRun {
  view: RunView;
  query: string;
  /** Set when the run was refused or its stream was lost; the run's own failure is in view.error. */
  error: ApiError | null;
  reconnecting: boolean;
}

function cancelAt(door: Door, runId: string): Promise<Response> {
  return send("POST", apiUrl(door.cancel(runId)), {}, { headers: door.headers() });
}

/** `door` must stay the same value from one painting to the next. */
export function useRun(onEnd: (view: RunView) => void, door: Door = CONSOLE) {
  const [run, setRun] = useState<LiveRun | null>(null);
  const abort = useRef<AbortController | null>(null);
  const ended = useRef(onEnd);
  const stopWanted = useRef(false);
  useEffect(() => {
    ended.current = onEnd;
  });
  useEffect(() => () => abort.current?.abort(), []);

  const follow = useCallback(
    async (query: string, open: (signal: AbortSignal, onReconnect: () => void) => AsyncGenerator<RunEvent>) => {
      abort.current?.abort();
      const mine = new AbortController();
      abort.current = mine;
      stopWanted.current = false;
      let view = EMPTY_RUN;
      let reconnecting = false;
      let frame = 0;
      const paint = (error: ApiError | null = null) => {
        cancelAnimationFrame(frame);
        frame = 0;
        if (!mine.signal.aborted) setRun({ view, query, error, reconnecting });
      };
      const paintSoon = () => {
        frame ||= requestAnimationFrame(() => paint());
      };
      paint();
      try {
        const events = open(mine.signal, () => {
          reconnecting = true;
          paintSoon();
        });
        for await (const event of events) {
          reconnecting = false;
          view = reduceRun(view, event);
          paintSoon();
          if (stopWanted.current) {
            stopWanted.current = false;
            void cancelAt(door, event.run_id).catch(() => undefined);
          }
        }
        paint();
      } catch (reason) {
        reconnecting = false;
        paint(reason instanceof ApiError ? reason : new ApiError(0, "stream_lost", String(reason)));
      }
      if (!mine.signal.aborted) ended.current(view);
    },
    [door],
  );

  const start = useCallback(
    (appId: string, body: RunRequest) =>
      follow(body.query ?? "", (signal, onReconnect) => startRun(appId, body, { signal, onReconnect, door })),
    [follow, door],
  );
  /** Starts at another door that answers with the stream of a run. */
  const startFrom = useCallback(
    (path: string, query: string, body: object) => follow(query, (signal, onReconnect) => startAt(path, body, { signal, onReconnect, door })),
    [follow, door],
  );
  const attach = useCallback(
    (runId: string, query: string) => follow(query, (signal, onReconnect) => attachRun(runId, { signal, onReconnect, door })),
    [follow, door],
  );
  const clear = useCallback(() => {
    abort.current?.abort();
    setRun(null);
  }, []);
  const runId = run?.view.runId ?? null;
  /** Only cancel ends a run; before its first event its id is unknown, so the wish is kept until then. */
  const stop = useCallback(async () => {
    if (runId) await cancelAt(door, runId);
    else stopWanted.current = true;
  }, [runId, door]);

  return { run, start, startFrom, attach, stop, clear, live: run !== null && !run.error && isLive(run.view.status) };
}
