/** The jobs of the machine's models: those on their way here, and those that are stored in smaller types. */
import i18next from "i18next";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import type { Job, JobSource, Reader } from "./jobs";

type Status = "queued" | "running" | "finished" | "failed" | "cancelled";

export interface Arrival {
  id: string;
  source: string;
  status: Status;
  reason: string;
  done_bytes: number;
  total_bytes: number;
}

export interface Quantizing {
  id: string;
  source: string;
  status: Status;
  reason: string;
  progress: number;
}

const STATES = { queued: "running", running: "running", finished: "done", failed: "failed", cancelled: "done" } as const;
/** More than can wait at once: the newest come first. */
const LOOKED_AT = 10;

export const modelJobs: JobSource = {
  name: "models",
  list: async (shown, reader) => arrivalsOf((await api.get<Page<Arrival>>("/model-jobs", { limit: LOOKED_AT })).results, shown, reader),
};

export const quantizeJobs: JobSource = {
  name: "quantizations",
  list: async (shown, reader) => quantizingOf((await api.get<Page<Quantizing>>("/quantizations", { limit: LOOKED_AT })).results, shown, reader),
};

export function arrivalsOf(found: Arrival[], shown: ReadonlySet<string>, reader: Reader): Job[] {
  return found.flatMap((one) => {
    const progress = one.total_bytes > 0 ? one.done_bytes / one.total_bytes : null;
    const detail = endOf(one, i18next.t("jobs.models.arrived")) ?? i18next.t("jobs.models.coming", { share: percent(progress) });
    return listed({ id: `model:${one.id}`, title: one.source, detail, progress, state: STATES[one.status], path: "models" }, `/model-jobs/${one.id}/cancel`, shown, reader);
  });
}

export function quantizingOf(found: Quantizing[], shown: ReadonlySet<string>, reader: Reader): Job[] {
  return found.flatMap((one) => {
    const going = one.status === "queued" ? i18next.t("jobs.models.waiting") : i18next.t("jobs.models.quantizing", { share: percent(one.progress) });
    const detail = endOf(one, i18next.t("jobs.models.quantized")) ?? going;
    return listed({ id: `quantize:${one.id}`, title: one.source, detail, progress: one.progress, state: STATES[one.status], path: `models/quantize?report=${one.id}` }, `/quantizations/${one.id}/cancel`, shown, reader);
  });
}

/** What goes on now, and how that ended which is shown already. */
function listed(job: Job, cancelPath: string, shown: ReadonlySet<string>, reader: Reader): Job[] {
  if (job.state !== "running") return shown.has(job.id) ? [job] : [];
  return [reader.isMachineAdmin ? { ...job, cancel: () => api.post(cancelPath) } : job];
}

function endOf({ status, reason }: { status: Status; reason: string }, finished: string): string | null {
  if (status === "finished") return finished;
  if (status === "failed") return reason;
  return status === "cancelled" ? i18next.t("jobs.models.cancelled") : null;
}

const percent = (share: number | null) => Math.round(100 * (share ?? 0));
