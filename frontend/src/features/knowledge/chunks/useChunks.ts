/** The passages of one document, and every change to them. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { Chunk, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import type { Page } from "@/shared/api/types";
import { notifyError } from "@/shared/ui/notify";
import { refreshDataset } from "../queries";

export const chunksPath = (datasetId: string, documentId: string): string => `/datasets/${datasetId}/documents/${documentId}/chunks`;

export const useChunks = (datasetId: string, document: KnowledgeDocument, search: string) =>
  useInfiniteQuery({
    queryKey: ["chunks", document.id, document.revision, document.status, search],
    queryFn: ({ pageParam }) => api.get<Page<Chunk>>(chunksPath(datasetId, document.id), { search, cursor: pageParam, limit: 30 }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export interface ChunkEdit {
  text: string;
  answer: string;
  keywords: string[];
}

/** A change to passages: the list is asked again, and the counts above it. */
export function useChunkChange<T>(datasetId: string, documentId: string, change: (path: string, value: T) => Promise<unknown>, onDone?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (value: T) => change(chunksPath(datasetId, documentId), value),
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: ["chunks", documentId] }),
        client.invalidateQueries({ queryKey: ["chunk"] }),
        refreshDataset(client, datasetId),
      ]);
      onDone?.();
    },
    onError: notifyError,
  });
}
