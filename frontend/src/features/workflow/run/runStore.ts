/** The run that the canvas shows: started, followed, stopped; painted at most once a frame. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { api, ApiError } from "@/shared/api/client";
import type { RunEvent } from "@/shared/api/events";
import type { Json, JsonObject } from "@/shared/api/types";
import { attachRun, startAt, type FollowOptions } from "@/shared/sse/runStream";
import { without } from "../graph/model";
import { NO_RUN, reduceGraphRun, type GraphRun } from "./runModel";

export interface RunState {
  run: GraphRun | null;
  /** What was asked, in a chatflow. */
  query: string;
  /** Set when the run was refused or its stream was lost; the run's own failure is in `run.error`. */
  refused: ApiError | null;
  live: boolean;
  /** What the last run from here was asked, to ask it again from a node on. */
  asked: { inputs: Record<string, Json>; query?: string; conversation_id?: string; files?: string[] } | null;
  /** Outputs that stand for nodes which then do not run, as long as the page is open. */
  mocks: Record<string, JsonObject>;
  mock: (nodeId: string, outputs: JsonObject | null) => void;
  /** Resolves when the run has ended, was refused or was replaced by another one. */
  start: (path: string, body: object, query?: string) => Promise<void>;
  attach: (runId: string) => Promise<void>;
  stop: () => Promise<void>;
  clear: () => void;
}

export type RunStore = StoreApi<RunState>;

export function createRunStore(): RunStore {
  let abort: AbortController | null = null;
  let stopWanted = false;

  return createStore<RunState>((set, get) => {
    const follow = async (query: string, open: (options: FollowOptions) => AsyncGenerator<RunEvent>) => {
      abort?.abort();
      const mine = new AbortController();
      abort = mine;
      stopWanted = false;
      let run = NO_RUN;
      let frame = 0;
      const paint = (more: Partial<RunState> = {}) => {
        cancelAnimationFrame(frame);
        frame = 0;
        if (!mine.signal.aborted) set({ run, ...more });
      };
      set({ run, query, refused: null, live: true });
      try {
        for await (const event of open({ signal: mine.signal })) {
          run = reduceGraphRun(run, event);
          frame ||= requestAnimationFrame(() => paint());
          if (stopWanted) {
            stopWanted = false;
            void api.post(`/runs/${event.run_id}/cancel`).catch(() => undefined);
          }
        }
        paint({ live: false });
      } catch (reason) {
        paint({ live: false, refused: reason instanceof ApiError ? reason : new ApiError(0, "stream_lost", String(reason)) });
      }
    };
    return {
      run: null,
      query: "",
      refused: null,
      live: false,
      asked: null,
      mocks: {},
      mock: (nodeId, outputs) => {
        const others = without(get().mocks, nodeId);
        set({ mocks: outputs ? { ...others, [nodeId]: outputs } : others });
      },
      start: (path, body, query = "") => follow(query, (options) => startAt(path, body, options)),
      attach: (runId) => follow("", (options) => attachRun(runId, options)),
      /** Only cancel ends a run; before its first event its id is unknown, so the wish is kept until then. */
      stop: async () => {
        const runId = get().run?.runId;
        if (runId) await api.post(`/runs/${runId}/cancel`);
        else stopWanted = true;
      },
      clear: () => {
        abort?.abort();
        set({ run: null, query: "", refused: null, live: false });
      },
    };
  });
}
