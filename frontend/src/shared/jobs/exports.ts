/** The jobs over the logs: exports of runs, and the removal of what is kept of an end user. */
import i18next from "i18next";
import { api } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import type { Page } from "@/shared/api/types";
import type { Job, JobSource } from "./jobs";

export type RunExport = components["schemas"]["RunExport"];

/** More than can be under way at once: the newest come first. */
const LOOKED_AT = 10;
const STATES = { queued: "running", running: "running", finished: "done", failed: "failed", cancelled: "done" } as const;

export const exportJobs: JobSource = {
  name: "exports",
  list: async (shown) => exportsOf((await api.get<Page<RunExport>>("/run-exports", { limit: LOOKED_AT })).results, shown),
};

export function exportsOf(found: RunExport[], shown: ReadonlySet<string>): Job[] {
  return found.flatMap((one): Job[] => {
    const id = `export:${one.id}`;
    const state = STATES[one.status];
    if (state !== "running" && !shown.has(id)) return [];
    const progress = one.total ? one.done / one.total : null;
    const job: Job = { id, title: i18next.t("jobs.exports.title"), detail: detailOf(one), progress, state, path: "runs?exports=open" };
    return [state === "running" ? { ...job, cancel: () => api.post(`/run-exports/${one.id}/cancel`) } : job];
  });
}

function detailOf(one: RunExport): string {
  if (one.status === "failed") return one.reason;
  if (one.status === "cancelled") return i18next.t("jobs.exports.cancelled");
  if (one.status === "finished") return i18next.t("jobs.exports.ready", { count: one.done });
  return one.total === null ? i18next.t("jobs.exports.waiting") : i18next.t("jobs.exports.writing", { done: one.done, total: one.total });
}
