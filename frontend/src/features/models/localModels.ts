/** The models of this machine: what the server says of them, and the questions that this feature asks. */
import { useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { ModelKind, Page } from "@/shared/api/types";
import { notifyError } from "@/shared/ui/notify";

export type LocalState = "loaded" | "loading" | "unloaded" | "restarting" | "failed" | "stored" | "unknown";

export interface MemoryEstimate {
  context_tokens: number;
  weights_bytes: number;
  cache_bytes: number;
  compute_bytes: number;
  process_bytes: number;
  total_bytes: number;
}

export interface LocalModel {
  id: string;
  builtin: boolean;
  state: LocalState;
  reason: string;
  kind: ModelKind;
  format: "gguf" | "safetensors";
  /** Who serves it; empty while it is only kept. */
  engine: string;
  source: string;
  licence: string;
  architecture: string;
  quantization: string;
  size_bytes: number;
  parameters: number;
  context_tokens: number;
  memory_bytes: number;
  estimate: MemoryEstimate | null;
  keep_alive_s: number;
  idle_s: number | null;
  outstanding: number;
  /** Its name without the adapter that it is served with; empty where it is served as it came. */
  base_name: string;
}

export interface Inventory {
  results: LocalModel[];
  budget_bytes: number;
  room_bytes: number;
  reason: string;
  machine_admins: string[];
}

export type EngineName = "llama_cpp" | "vllm" | "transformers" | "ctranslate2";

export interface Engine {
  name: EngineName;
  is_builtin: boolean;
  is_installed: boolean;
  formats: LocalModel["format"][];
  install_command: string;
  models: string[];
}

export interface ModelJob {
  id: string;
  kind: "pull" | "add";
  source: string;
  file: string;
  model: string;
  status: "queued" | "running" | "finished" | "failed" | "cancelled";
  reason: string;
  done_bytes: number;
  total_bytes: number;
  is_cancel_wanted: boolean;
  created_at: string;
  finished_at: string | null;
}

export type NewModel = ({ path: string } | { pull: string; file: string }) & { id: string; engine: string };

const POLL_MS = 5_000;
const BUSY_POLL_MS = 1_000;
const INVENTORY = ["local-models"];
const JOBS = ["model-jobs"];
const ENGINES = ["engines"];
const ENGINE_NAMES: Record<string, string> = { llama_cpp: "llama.cpp", vllm: "vLLM", transformers: "Transformers", ctranslate2: "CTranslate2" };

/** The name that its makers write. */
export const engineName = (engine: string) => ENGINE_NAMES[engine] ?? engine;

export const isEngineMissing = (engine: Engine) => !engine.is_installed;

export const isPending = (job: ModelJob) => job.status === "queued" || job.status === "running";

export const useInventory = () =>
  useQuery({ queryKey: INVENTORY, queryFn: () => api.get<Inventory>("/local-models"), refetchInterval: POLL_MS });

export const useEngines = () =>
  useQuery({ queryKey: ENGINES, queryFn: () => api.get<{ results: Engine[] }>("/engines"), select: (found) => found.results });

export function useModelJobs() {
  return useQuery({
    queryKey: JOBS,
    queryFn: () => api.get<Page<ModelJob>>("/model-jobs", { limit: 20 }),
    select: (page) => page.results,
    refetchInterval: (query) => (query.state.data?.results.some(isPending) ? BUSY_POLL_MS : false),
  });
}

export async function modelsChanged(client: QueryClient): Promise<void> {
  await Promise.all([INVENTORY, JOBS, ENGINES, ["models"]].map((queryKey) => client.invalidateQueries({ queryKey })));
}

/** Loads, unloads, removes or gives to another engine; all but removing answer with the new inventory. */
export function useModelAction(id: string) {
  const client = useQueryClient();
  const settle = { onError: notifyError, onSettled: () => modelsChanged(client) };
  const path = `/models/${encodeURIComponent(id)}`;
  const load = useMutation({
    mutationFn: (body: { keep_alive_s: number | null; context_tokens: number | null }) => api.post<Inventory>(`${path}/load`, body),
    ...settle,
  });
  const unload = useMutation({ mutationFn: () => api.post<Inventory>(`${path}/unload`), ...settle });
  const remove = useMutation({ mutationFn: () => api.delete(path), ...settle });
  // What is wrong with the choice is said beside it.
  const choose = useMutation({ mutationFn: (engine: string) => api.patch<Inventory>(path, { engine }), onSettled: () => modelsChanged(client) });
  return { load, unload, remove, choose };
}

export function useAddModel(onAdded: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewModel) => api.post<ModelJob>("/models", body),
    onSuccess: async () => {
      await modelsChanged(client);
      onAdded();
    },
  });
}
