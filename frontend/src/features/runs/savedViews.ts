/** Filters under a name: kept for this person in this workspace, whatever the browser. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { api } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import { useMe, useWorkspace } from "@/shared/api/workspace";
import { notifyError } from "@/shared/ui/notify";

export type SavedView = components["schemas"]["SavedView"];
type NewView = Pick<SavedView, "name" | "query">;

const KEY = ["run-views"];

export function useSavedViews(room: string) {
  const client = useQueryClient();
  const views = useQuery({ queryKey: KEY, queryFn: () => api.get<SavedView[]>("/run-views") });
  const onSettled = () => client.invalidateQueries({ queryKey: KEY });
  const save = useMutation({ mutationFn: (view: NewView) => api.post("/run-views", { ...view, room }), onSettled, onError: notifyError });
  const remove = useMutation({ mutationFn: (id: string) => api.delete(`/run-views/${id}`), onSettled, onError: notifyError });
  useBrowserViews(room, save.mutateAsync);
  return { views: (views.data ?? []).filter((view) => view.room === room), save: save.mutate, remove: remove.mutate };
}

/** Views that an earlier version kept in this browser move to the server, once. */
function useBrowserViews(room: string, save: (view: NewView) => Promise<unknown>) {
  const workspace = useWorkspace();
  const me = useMe();
  const key = me.data ? `atelier.runs.views.${workspace.id}.${me.data.id}.${room}` : null;
  useEffect(() => {
    const text = key && localStorage.getItem(key);
    if (!text) return;
    localStorage.removeItem(key);
    for (const view of viewsOf(text)) void save(view).catch(() => undefined);
  }, [key, save]);
}

export function viewsOf(text: string): NewView[] {
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) ? found.filter(isView).map(({ name, query }) => ({ name, query })) : [];
  } catch {
    return [];
  }
}

function isView(value: unknown): value is NewView {
  return typeof value === "object" && value !== null && "name" in value && "query" in value && typeof value.name === "string" && typeof value.query === "string" && value.name !== "" && value.query !== "";
}
