/** The settings that are worth a comparison at first, each a change to the dataset's own. */
import type { NamedSettings, RetrievalSettings } from "@/shared/api/retrievalTypes";

export const PRESETS = ["dataset", "semantic", "full_text", "hybrid", "hybrid_rerank"] as const;
export type Preset = (typeof PRESETS)[number];

export function presetOf(preset: Preset, own: RetrievalSettings, name: string): NamedSettings {
  const plain = { ...own, name, rerank: false };
  switch (preset) {
    case "dataset":
      return { ...own, name };
    case "semantic":
    case "full_text":
    case "hybrid":
      return { ...plain, mode: preset };
    case "hybrid_rerank":
      return { ...plain, mode: "hybrid", rerank: true };
  }
}

/** A name that no other setting has: results are told apart by it. */
export function freeName(name: string, taken: string[]): string {
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name} ${number}`)) number += 1;
  return `${name} ${number}`;
}
