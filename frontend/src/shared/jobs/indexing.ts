/** The jobs of knowledge: documents that are being indexed, and datasets that another model embeds anew. */
import i18next from "i18next";
import { api } from "@/shared/api/client";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { Page } from "@/shared/api/types";
import type { Job, JobSource } from "./jobs";

export const indexingJobs: JobSource = {
  name: "indexing",
  list: async (shown) => indexingOf((await api.get<Page<Dataset>>("/datasets", { limit: 100 })).results, shown),
};

export function indexingOf(datasets: Dataset[], shown: ReadonlySet<string>): Job[] {
  return datasets.flatMap((dataset) => [...documentsOf(dataset, shown), ...reembeddingOf(dataset, shown)]);
}

function documentsOf(dataset: Dataset, shown: ReadonlySet<string>): Job[] {
  const { total, ready, failed } = dataset.document_counts;
  const id = `index:${dataset.id}`;
  const running = total > ready + failed;
  if (!running && !shown.has(id)) return [];
  const detail = running ? i18next.t("jobs.indexing", { done: ready + failed, total }) : failed > 0 ? i18next.t("jobs.indexedFailed", { ready, failed }) : i18next.t("jobs.indexed", { count: ready });
  return [{ id, title: dataset.name, detail, progress: total > 0 ? (ready + failed) / total : 1, state: running ? "running" : failed > 0 ? "failed" : "done", path: `knowledge/${dataset.id}` }];
}

function reembeddingOf(dataset: Dataset, shown: ReadonlySet<string>): Job[] {
  const id = `reembed:${dataset.id}`;
  const work = dataset.reembedding;
  const job = { id, title: dataset.name, path: `knowledge/${dataset.id}?tab=settings` };
  if (!work) return shown.has(id) ? [{ ...job, detail: i18next.t("jobs.reembedded"), progress: 1, state: "done" }] : [];
  if (work.reason) return shown.has(id) ? [{ ...job, detail: work.reason, progress: null, state: "failed" }] : [];
  const detail = i18next.t("jobs.reembedding", { model: work.model, done: work.done, total: work.total });
  return [{ ...job, detail, progress: work.total > 0 ? work.done / work.total : null, state: "running", cancel: () => api.delete(`/datasets/${dataset.id}/reembed`) }];
}
