/** Jobs that store a model in smaller types, their reports, and the questions that this feature asks. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import { notifyError } from "@/shared/ui/notify";

export const TYPES = ["f16", "q8_0", "q6_K", "q5_K_M", "q5_1", "q5_0", "q4_K_M", "q4_1", "q4_0", "iq4_xs", "q3_K_M", "q2_K"] as const;
/** Folders for vLLM, made by llmcompressor; all others are GGUFs. */
export const FOLDER_TYPES = ["gptq-w4a16", "awq-w4a16"] as const;
export const USUAL_TYPES = ["q8_0", "q5_K_M", "q4_K_M"];

const isFolder = (type: string) => FOLDER_TYPES.some((known) => known === type);

/** A job makes GGUFs or folders, never both: what was ticked last decides. */
export function oneSort(before: string[], after: string[]): string[] {
  const added = after.find((type) => !before.includes(type)) ?? after[0];
  return added === undefined ? after : after.filter((type) => isFolder(type) === isFolder(added));
}

export type Stage = "converting" | "calibrating" | "reading" | "quantizing" | "measuring" | "installing";

export interface ReportRow {
  type: string;
  size_bytes: number;
  bits_per_weight: number;
  perplexity: number;
  perplexity_error: number;
  kl_mean: number;
  kl_p99: number;
  top1_agreement: number;
  prefill_tokens_s: number;
  decode_tokens_s: number;
  memory_bytes: number;
  quantize_s: number;
}

export interface Report {
  model: string;
  rows: ReportRow[];
  recommended: string;
  reason: string;
  rule: string;
  text: string;
  tokens: number;
  calibration: string;
  threads: number;
  note: string;
}

export interface LogLine {
  at: string;
  stage: string;
  type: string;
  text: string;
}

export interface Quantization {
  id: string;
  source: string;
  types: string[];
  is_calibrated: boolean;
  status: "queued" | "running" | "finished" | "failed" | "cancelled";
  stage: string;
  kind: string;
  progress: number;
  log: LogLine[];
  reason: string;
  report: Report | null;
  installed: string[];
  is_cancel_wanted: boolean;
  created_at: string;
  finished_at: string | null;
}

export interface Estimate {
  sizes: Record<string, number>;
  disk_bytes: number;
  memory_bytes: number;
  free_disk_bytes: number;
  free_memory_bytes: number;
}

interface Source {
  id: string;
  kind: string;
  size_bytes: number;
  quantization: string;
}

export interface Wish {
  model: string;
  types: string[];
  calibration: string;
  is_calibrated: boolean;
}

const BUSY_POLL_MS = 1_000;
const JOBS = ["quantizations"];

export const isPending = (job: Quantization) => job.status === "queued" || job.status === "running";

export function useQuantizations() {
  return useQuery({
    queryKey: JOBS,
    queryFn: () => api.get<Page<Quantization>>("/quantizations", { limit: 50 }),
    select: (page) => page.results,
    refetchInterval: (query) => (query.state.data?.results.some(isPending) ? BUSY_POLL_MS : false),
  });
}

/** The models of this machine that generate text. */
export function useSources() {
  return useQuery({
    queryKey: ["local-models"],
    queryFn: () => api.get<{ results: Source[] }>("/local-models"),
    select: (found) => found.results.filter((model) => model.kind === "chat"),
  });
}

export function useEstimate(model: string | null, types: string[]) {
  return useQuery({
    queryKey: ["quantize-estimate", model, types],
    queryFn: () => api.get<Estimate>(`/models/${encodeURIComponent(model ?? "")}/quantize`, { types: types.join(",") }),
    enabled: model !== null && types.length > 0,
    placeholderData: (before) => before,
    retry: false,
  });
}

export function useStart(onStarted: (job: Quantization) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ model, ...body }: Wish) => api.post<Quantization>(`/models/${encodeURIComponent(model)}/quantize`, body),
    onSuccess: async (job) => {
      await client.invalidateQueries({ queryKey: JOBS });
      onStarted(job);
    },
  });
}

export function useCancel(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post(`/quantizations/${id}/cancel`),
    onError: notifyError,
    onSettled: () => client.invalidateQueries({ queryKey: JOBS }),
  });
}
