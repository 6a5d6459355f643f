/** What the pages of knowledge ask the server, and what to ask again after a change. */
import { useInfiniteQuery, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { api } from "@/shared/api/client";
import type { Dataset, DatasetTag, KnowledgeDocument, MetadataField } from "@/shared/api/knowledgeTypes";
import type { Page } from "@/shared/api/types";
import { isMoving } from "./documents/documentModel";

const POLL_MS = 1_200;
const SLOW_POLL_MS = 3_000;

/** Is something of the dataset still on its way? Documents that are paused count as well: the server counts by stage. */
export function isBusy(dataset: Dataset): boolean {
  const { total, ready, failed } = dataset.document_counts;
  return total > ready + failed || (dataset.reembedding !== null && !dataset.reembedding.reason);
}

export const useDatasetList = (filters: { search: string; tag: string }) =>
  useInfiniteQuery({
    queryKey: ["datasets", "list", filters],
    queryFn: ({ pageParam }) => api.get<Page<Dataset>>("/datasets", { ...filters, limit: 60, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.results.some(isBusy)) ? SLOW_POLL_MS : false),
  });

export const useDataset = (id: string) =>
  useQuery({
    queryKey: ["dataset", id],
    queryFn: () => api.get<Dataset>(`/datasets/${id}`),
    refetchInterval: (query) => (query.state.data && isBusy(query.state.data) ? SLOW_POLL_MS : false),
  });

export const useDatasetTags = () =>
  useQuery({
    queryKey: ["dataset-tags"],
    queryFn: () => api.get<Page<DatasetTag & { datasets: number }>>("/dataset-tags"),
    select: (page) => page.results,
  });

export const useMetadataFields = (datasetId: string) =>
  useQuery({
    queryKey: ["metadata-fields", datasetId],
    queryFn: () => api.get<Page<MetadataField>>(`/datasets/${datasetId}/metadata-fields`),
    select: (page) => page.results,
  });

export interface DocumentFilters {
  search: string;
  status: string;
  state: string;
  ordering: string;
}

export const useDocuments = (datasetId: string, filters: DocumentFilters) =>
  useInfiniteQuery({
    queryKey: ["documents", datasetId, filters],
    queryFn: ({ pageParam }) => api.get<Page<KnowledgeDocument>>(`/datasets/${datasetId}/documents`, { ...filters, limit: 50, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.results.some(isMoving)) ? POLL_MS : false),
  });

/** Call it after a change to documents or to the dataset: lists, counts and pages follow. */
export async function refreshDataset(client: QueryClient, datasetId: string): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: ["documents", datasetId] }),
    client.invalidateQueries({ queryKey: ["document", datasetId] }),
    client.invalidateQueries({ queryKey: ["dataset", datasetId] }),
    client.invalidateQueries({ queryKey: ["datasets"] }),
  ]);
}

export function useRefreshDataset(datasetId: string): () => Promise<void> {
  const client = useQueryClient();
  return useCallback(() => refreshDataset(client, datasetId), [client, datasetId]);
}
