/** The tables of inputs that run through apps. */
import i18next from "i18next";
import { api } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import type { Page } from "@/shared/api/types";
import type { Job, JobSource } from "./jobs";

export type RunningTable = Pick<components["schemas"]["WorkspaceBatch"], "id" | "name" | "status" | "app_id" | "app_name" | "progress">;

/** The newest come first; who runs more at once looks at the apps themselves. */
const LOOKED_AT = 20;
const STATES = { running: "running", paused: "running", finished: "done", cancelled: "done" } as const;

export const batchJobs: JobSource = {
  name: "batches",
  list: async (shown) => tablesOf((await api.get<Page<RunningTable>>("/batches", { limit: LOOKED_AT })).results, shown),
};

/** A table that waits for its start is no job yet; one that rests is still one, for it is not done. */
export function tablesOf(tables: RunningTable[], shown: ReadonlySet<string>): Job[] {
  return tables.flatMap((table) => {
    if (table.status === "ready") return [];
    const { total, succeeded, failed, cancelled } = table.progress;
    const ended = succeeded + failed + cancelled;
    const id = `batch:${table.id}`;
    const state = STATES[table.status] === "done" && failed > 0 ? "failed" : STATES[table.status];
    if (state !== "running" && !shown.has(id)) return [];
    const path = `apps/${table.app_id}/batches/${table.id}`;
    const job: Job = { id, title: `${table.name} · ${table.app_name}`, detail: detailOf(table, ended), progress: total > 0 ? ended / total : null, state, path };
    return [state === "running" ? { ...job, cancel: () => api.post(`/apps/${table.app_id}/batches/${table.id}/cancel`) } : job];
  });
}

function detailOf({ status, progress }: RunningTable, ended: number): string {
  if (status === "cancelled") return i18next.t("jobs.batches.cancelled", { done: progress.succeeded, total: progress.total });
  if (status === "finished") return progress.failed > 0 ? i18next.t("jobs.batches.finishedFailed", { failed: progress.failed, total: progress.total }) : i18next.t("jobs.batches.finished", { count: progress.total });
  return i18next.t(status === "paused" ? "jobs.batches.paused" : "jobs.batches.running", { done: ended, total: progress.total });
}
