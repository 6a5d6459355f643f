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
}

type Send = (file: File, onProgress: (fraction: number) => void) => Promise<unknown>;

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
      await send(file, (fraction) => patch(key, { fraction }));
      patch(key, { state: "done", fraction: 1 });
      onSent();
    } catch (reason) {
      patch(key, { state: "failed", error: reason instanceof ApiError ? reason : new ApiError(0, "network_error", "") });
    }
    next();
  };
  return {
    store,
    add: (files: File[]) => {
      const added = files.map((file): Upload => ({ key: nextKey++, file, state: "waiting", fraction: 0, error: null }));
      store.setState(({ uploads }) => ({ uploads: [...uploads.filter((upload) => upload.state !== "done"), ...added] }));
      next();
    },
    retry: (key: number) => {
      patch(key, { state: "waiting" });
      next();
    },
    dismiss: (key: number) => store.setState(({ uploads }) => ({ uploads: uploads.filter((upload) => upload.key !== key) })),
  };
}

export function useUploads(datasetId: string) {
  const client = useQueryClient();
  const queue = useMemo(
    () =>
      createUploads(
        (file, onProgress) => uploadFile<KnowledgeDocument>(`/datasets/${datasetId}/documents`, file, onProgress),
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
  return { uploads, add: queue.add, retry: queue.retry, dismiss: queue.dismiss };
}
