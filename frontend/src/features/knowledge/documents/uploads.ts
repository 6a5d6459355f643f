/** The files on their way to one dataset: two at a time, each with its progress or its reason. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { ApiError } from "@/shared/api/client";
import type { KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import { uploadFile } from "@/shared/api/upload";

export interface Upload {
  key: number;
  file: File;
  state: "waiting" | "sending" | "done" | "failed";
  fraction: number;
  error: ApiError | null;
  /** The dataset had this very file already: nothing was stored twice. */
  wasThere: boolean;
}

type Send = (file: File, onProgress: (fraction: number) => void) => Promise<{ wasThere: boolean }>;

const AT_ONCE = 2;

export function createUploads(send: Send, onSent: () => void) {
  let nextKey = 1;
  const store = createStore<{ uploads: Upload[] }>(() => ({ uploads: [] }));
  const patch = (key: number, change: Partial<Upload>) =>
    store.setState(({ uploads }) => ({ uploads: uploads.map((upload) => (upload.key === key ? { ...upload, ...change } : upload)) }));

  const next = () => {
    const { uploads } = store.getState();
    const free = AT_ONCE - uploads.filter((upload) => upload.state === "sending").length;
    for (const upload of uploads.filter((each) => each.state === "waiting").slice(0, Math.max(free, 0))) void run(upload);
  };
  const run = async ({ key, file }: Upload) => {
    patch(key, { state: "sending", fraction: 0, error: null });
    try {
      const { wasThere } = await send(file, (fraction) => patch(key, { fraction }));
      patch(key, { state: "done", fraction: 1, wasThere });
      onSent();
    } catch (reason) {
      patch(key, { state: "failed", error: reason instanceof ApiError ? reason : new ApiError(0, "network_error", "") });
    }
    next();
  };
  return {
    store,
    add: (files: File[]) => {
      const added = files.map((file): Upload => ({ key: nextKey++, file, state: "waiting", fraction: 0, error: null, wasThere: false }));
      store.setState(({ uploads }) => ({ uploads: [...uploads.filter((upload) => upload.state !== "done"), ...added] }));
      next();
    },
    retry: (key: number) => {
      patch(key, { state: "waiting" });
      next();
    },
    clear: () => store.setState(({ uploads }) => ({ uploads: uploads.filter(({ state }) => state === "waiting" || state === "sending") })),
    dismiss: (key: number) => store.setState(({ uploads }) => ({ uploads: uploads.filter((upload) => upload.key !== key) })),
  };
}

/** What is worth a row: what failed, what is on its way, what was there; what arrived has its row among the documents. */
export function summaryOf(uploads: Upload[], most: number) {
  const order = ["failed", "sending", "done", "waiting"];
  const shown = uploads.filter((upload) => upload.state !== "done" || upload.wasThere).sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state)).slice(0, most);
  const count = (...states: Upload["state"][]) => uploads.filter(({ state }) => states.includes(state)).length;
  return {
    shown: shown.sort((a, b) => a.key - b.key),
    counts: { done: count("done"), total: uploads.length, failed: count("failed"), open: count("waiting", "sending") },
  };
}

export function useUploads(datasetId: string) {
  const client = useQueryClient();
  const queue = useMemo(
    () =>
      createUploads(
        async (file, onProgress) => {
          const { isNew } = await uploadFile<KnowledgeDocument>(`/datasets/${datasetId}/documents`, file, onProgress);
          return { wasThere: !isNew };
        },
        () => {
          void client.invalidateQueries({ queryKey: ["documents", datasetId] });
          void client.invalidateQueries({ queryKey: ["dataset", datasetId] });
        },
      ),
    [datasetId, client],
  );
  const uploads = useStore(queue.store, (state) => state.uploads);
  const sending = uploads.some((upload) => upload.state === "sending" || upload.state === "waiting");
  useEffect(() => {
    if (!sending) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [sending]);
  return { uploads, add: queue.add, retry: queue.retry, dismiss: queue.dismiss, clear: queue.clear };
}
