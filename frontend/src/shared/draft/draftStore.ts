/** A draft that saves itself: edits at once on the page, on the server after a pause, one save at a time. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { ApiError } from "@/shared/api/client";
import type { Draft, GraphReport } from "@/shared/api/types";

export type SaveState = "saved" | "dirty" | "saving" | "error";

export interface DraftState<D = Draft> {
  draft: D;
  saveState: SaveState;
  error: ApiError | null;
  /** What the server found wrong with a graph when it was saved last. */
  report: GraphReport | null;
  edit: (change: Partial<D>) => void;
  /** Takes what the server already has, a restored version for instance. */
  load: (draft: D, report?: GraphReport | null) => void;
  /** Resolves when the server has everything; rejects with the reason when it refuses. */
  flush: () => Promise<void>;
}

export type DraftStore<D = Draft> = StoreApi<DraftState<D>>;

export function createDraftStore<D = Draft>(
  initial: D,
  save: (draft: D) => Promise<GraphReport | null | void>,
  delayMs = 700,
  firstReport: GraphReport | null = null,
): DraftStore<D> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | null = null;

  return createStore<DraftState<D>>((set, get) => {
    const saveUntilClean = async () => {
      while (get().saveState === "dirty" || get().saveState === "error") {
        const draft = get().draft;
        set({ saveState: "saving" });
        try {
          const report = await save(draft);
          if (report) set({ report });
        } catch (reason) {
          const error = reason instanceof ApiError ? reason : new ApiError(0, "network_error", String(reason));
          set({ saveState: "error", error });
          throw error;
        }
        set({ saveState: get().draft === draft ? "saved" : "dirty", error: null });
      }
    };
    const flush = () => {
      clearTimeout(timer);
      running ??= saveUntilClean().finally(() => {
        running = null;
      });
      return running;
    };
    return {
      draft: initial,
      saveState: "saved",
      error: null,
      report: firstReport,
      edit: (change) => {
        const saving = get().saveState === "saving";
        set({ draft: { ...get().draft, ...change }, saveState: saving ? "saving" : "dirty" });
        clearTimeout(timer);
        timer = setTimeout(() => void flush().catch(() => undefined), delayMs);
      },
      load: (draft, report = null) => {
        clearTimeout(timer);
        set({ draft, saveState: "saved", error: null, report });
      },
      flush,
    };
  });
}
