/** How busy the local models are, as the server tells it, and the one word for it. */

export interface ModelLoad {
  model: string;
  /** loaded, loading, failed, or what rests on the disk. */
  state: string;
  reason: string;
  active: number;
  queued: number;
  kv_used_tokens: number;
  kv_total_tokens: number;
}

export interface ServerLoad {
  is_reached: boolean;
  models: ModelLoad[];
}

export type LoadWord = "ready" | "busy" | "queue" | "loading" | "failed" | "unreachable";

/** What matters most comes first; `count` is how many answers are computed, or wait. */
export function loadWord(load: ServerLoad): { word: LoadWord; count: number } {
  if (!load.is_reached) return { word: "unreachable", count: 0 };
  const sum = (key: "active" | "queued") => load.models.reduce((total, model) => total + model[key], 0);
  const [active, queued] = [sum("active"), sum("queued")];
  if (load.models.some((model) => model.state === "failed")) return { word: "failed", count: 0 };
  if (load.models.some((model) => model.state === "loading")) return { word: "loading", count: 0 };
  if (queued > 0) return { word: "queue", count: queued };
  return active > 0 ? { word: "busy", count: active } : { word: "ready", count: 0 };
}
