/** The requests of this room; settings are looked at again while questions are being embedded. */
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import type { Page } from "@/shared/api/types";
import type { Annotation } from "@/shared/annotations/annotations";
import { notifyError } from "@/shared/ui/notify";

type Schemas = components["schemas"];

export type AnnotationSettings = Schemas["AnnotationSettings"];
export type AnnotationHit = Schemas["AnnotationHit"];
export type AnnotationTried = Schemas["AnnotationTried"];
export type AnnotationImport = Schemas["AnnotationImport"];
export type SettingsChange = Schemas["PatchedAnnotationSettingsUpdateRequest"];

const POLL_MS = 1_000;

export const isMoving = (job: AnnotationSettings["job"]): boolean => job?.status === "waiting" || job?.status === "processing";

export const useAnnotations = (appId: string, search: string) =>
  useInfiniteQuery({
    queryKey: ["annotations", appId, "list", search],
    queryFn: ({ pageParam }) => api.get<Page<Annotation>>(`/apps/${appId}/annotations`, { search, limit: 50, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

export const useSettings = (appId: string) =>
  useQuery({
    queryKey: ["annotations", appId, "settings"],
    queryFn: () => api.get<AnnotationSettings>(`/apps/${appId}/annotations/settings`),
    refetchInterval: (query) => (isMoving(query.state.data?.job ?? null) ? POLL_MS : false),
  });

export function useChange(appId: string) {
  const client = useQueryClient();
  const key = ["annotations", appId, "settings"];
  return useMutation({
    mutationFn: (change: SettingsChange) => api.patch<AnnotationSettings>(`/apps/${appId}/annotations/settings`, change),
    onMutate: async (change) => {
      await client.cancelQueries({ queryKey: key });
      const before = client.getQueryData<AnnotationSettings>(key);
      // The model is the server's to change: the former one is searched until the new one knows every question.
      const { is_on, threshold } = { ...before, ...change };
      if (before) client.setQueryData(key, { ...before, is_on, threshold });
      return before;
    },
    onSuccess: (settings) => client.setQueryData(key, settings),
    onError: (reason, _change, before) => {
      client.setQueryData(key, before);
      notifyError(reason);
    },
  });
}

export const useTry = (appId: string) =>
  useMutation({ mutationFn: (question: string) => api.post<AnnotationTried>(`/apps/${appId}/annotations/try`, { question }) });

export const useHits = (appId: string, annotationId: string | null) =>
  useInfiniteQuery({
    queryKey: ["annotations", appId, "hits", annotationId],
    queryFn: ({ pageParam }) => api.get<Page<AnnotationHit>>(`/apps/${appId}/annotations/${annotationId}/hits`, { limit: 50, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled: annotationId !== null,
  });

/** Deletes, or brings back what was deleted. */
export function useMany(appId: string, act: "delete" | "restore") {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (ids: string[]) => (act === "delete" ? api.post(`/apps/${appId}/annotations/delete`, { ids }) : api.post(`/apps/${appId}/annotations/restore`, { ids })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["annotations", appId] }),
    onError: notifyError,
  });
}
