/** A search as the address holds it, and as it is sent. */
import type { MetadataFilter, RetrievalSettings } from "@/shared/api/retrievalTypes";

export interface HistoryMessage {
  role: "user" | "assistant";
  content: string;
}

/** Only what differs from the dataset's own settings stands in the address. */
export function encodeSettings(settings: RetrievalSettings, defaults: RetrievalSettings): string {
  const changed = Object.entries(settings).filter(([name, value]) => defaults[name as keyof RetrievalSettings] !== value);
  return changed.length === 0 ? "" : JSON.stringify(Object.fromEntries(changed));
}

/** Unknown names and values of another kind are left out: an old link still opens. */
export function decodeSettings(text: string, defaults: RetrievalSettings): RetrievalSettings {
  let read: unknown;
  try {
    read = JSON.parse(text || "{}");
  } catch {
    return defaults;
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) return defaults;
  const nullable = ["score_threshold", "mmr_lambda"];
  const fits = (name: string, value: unknown) =>
    name in defaults && (nullable.includes(name) ? value === null || typeof value === "number" : typeof value === typeof defaults[name as keyof RetrievalSettings]);
  return { ...defaults, ...Object.fromEntries(Object.entries(read).filter(([name, value]) => fits(name, value))) };
}

/** Earlier messages, one a line, the person's first. */
export function historyOf(text: string): HistoryMessage[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content }));
}

export function bodyOf(query: string, settings: RetrievalSettings, filter: MetadataFilter | null, history: HistoryMessage[]) {
  return { query, ...settings, ...(filter ? { filter } : {}), ...(settings.rewrite && history.length > 0 ? { history } : {}), with_stages: true };
}

const RECENT = 8;

/** The newest first, each once. */
export function withRecent(recent: string[], query: string): string[] {
  return [query, ...recent.filter((each) => each !== query)].slice(0, RECENT);
}
