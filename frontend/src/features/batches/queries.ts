/** What the page asks about tables; a table that moves is asked about once a second. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import { notifyError } from "@/shared/ui/notify";
import { isMoving, type Batch, type BatchDetail, type BatchRow } from "./batchModel";

const POLL_MS = 1_000;

export const useBatches = (appId: string) =>
  useQuery({
    queryKey: ["batches", appId],
    queryFn: () => api.get<Page<Batch>>(`/apps/${appId}/batches`, { limit: 100 }),
    select: (page) => page.results,
    refetchInterval: (query) => (query.state.data?.results.some(isMoving) ? 2 * POLL_MS : false),
  });

export const useBatch = (appId: string, batchId: string) =>
  useQuery({
    queryKey: ["batch", appId, batchId],
    queryFn: () => api.get<BatchDetail>(`/apps/${appId}/batches/${batchId}`),
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data) ? POLL_MS : false),
  });

export function useRows(appId: string, batchId: string, status: string, moving: boolean) {
  const rows = useInfiniteQuery({
    queryKey: ["batch-rows", appId, batchId, status],
    queryFn: ({ pageParam }) => api.get<Page<BatchRow>>(`/apps/${appId}/batches/${batchId}/rows`, { status, limit: 50, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: moving ? 2 * POLL_MS : false,
  });
  const { refetch } = rows;
  const moved = useRef(moving);
  useEffect(() => {
    // What was asked while the table moved may not know how its last rows ended.
    if (moved.current && !moving) void refetch();
    moved.current = moving;
  }, [moving, refetch]);
  return rows;
}

export type BatchAction = "start" | "pause" | "resume" | "cancel" | "retry";

/** Takes what the server answers for the truth, and has the rows and the list asked for anew. */
function useTaking(appId: string, batchId: string) {
  const client = useQueryClient();
  return (batch: BatchDetail) => {
    client.setQueryData(["batch", appId, batchId], batch);
    void client.invalidateQueries({ queryKey: ["batch-rows", appId, batchId] });
    void client.invalidateQueries({ queryKey: ["batches", appId] });
  };
}

export function useBatchAction(appId: string, batchId: string) {
  const take = useTaking(appId, batchId);
  return useMutation({
    mutationFn: (action: BatchAction) => api.post<BatchDetail>(`/apps/${appId}/batches/${batchId}/${action}`),
    onSuccess: take,
    onError: notifyError,
  });
}

export type BatchChange = Partial<Pick<Batch, "name" | "mapping" | "app_version" | "at_once">>;

export function useBatchChange(appId: string, batchId: string) {
  const take = useTaking(appId, batchId);
  return useMutation({
    mutationFn: (change: BatchChange) => api.patch<BatchDetail>(`/apps/${appId}/batches/${batchId}`, change),
    onSuccess: take,
    onError: notifyError,
  });
}
