/** A draft that saves itself: edits at once on the page, on the server after a pause, one save at a time. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { ApiError } from "@/shared/api/client";
import type { Draft } from "@/shared/api/types";

export type SaveState = "saved" | "dirty" | "saving" | "error";

export interface DraftState {
  draft: Draft;
  saveState: SaveState;
  error: ApiError | null;
  edit: (change: Partial<Draft>) => void;
  /** Takes what the server already has, a restored version for instance. */
  load: (draft: Draft) => void;
  /** Resolves when the server has everything; rejects with the reason when it refuses. */
  flush: () => Promise<void>;
}

export type DraftStore = StoreApi<DraftState>;

export function createDraftStore(initial: Draft, save: (draft: Draft) => Promise<unknown>, delayMs = 700): DraftStore {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | null = null;

  return createStore<DraftState>((set, get) => {
    const saveUntilClean = async () => {
      while (get().saveState === "dirty" || get().saveState === "error") {
        const draft = get().draft;
        set({ saveState: "saving" });
        try {
          await save(draft);
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
      edit: (change) => {
        const saving = get().saveState === "saving";
        set({ draft: { ...get().draft, ...change }, saveState: saving ? "saving" : "dirty" });
        clearTimeout(timer);
        timer = setTimeout(() => void flush().catch(() => undefined), delayMs);
      },
      load: (draft) => {
        clearTimeout(timer);
        set({ draft, saveState: "saved", error: null });
      },
      flush,
    };
  });
}
