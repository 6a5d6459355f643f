/** The published versions of an app, newest first, and the one that is live. */
import { useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { App, Page, Version } from "@/shared/api/types";

export const useVersions = (appId: string, enabled = true) =>
  useQuery({
    queryKey: ["versions", appId],
    queryFn: () => api.get<Page<Version>>(`/apps/${appId}/versions`, { limit: 100 }),
    select: (page) => page.results,
    enabled,
  });

/** What callers of the app get now; null until it is known, or where nothing is published. */
export function usePublished(app: App): Version | null {
  const live = useQuery({
    queryKey: ["version", app.id, app.published_version],
    queryFn: () => api.get<Version>(`/apps/${app.id}/versions/${app.published_version}`),
    enabled: app.published_version !== null,
    staleTime: Infinity,
  });
  return live.data ?? null;
}
