/** The parameters of a model that few need: their ranges as the server has them. Knows no React. */
import type { Json } from "@/shared/api/types";

export interface Extra {
  name: "top_k" | "min_p" | "seed" | "presence_penalty" | "frequency_penalty" | "repeat_penalty";
  min: number;
  max: number;
  step: number;
  /** What stands in a draft where nothing was chosen; undefined where nothing stands. */
  absent?: number;
}

export const MAX_STOPS = 8;
export const MORE: readonly Extra[] = [
  { name: "top_k", min: 0, max: 1_000, step: 1 },
  { name: "min_p", min: 0, max: 1, step: 0.01 },
  { name: "seed", min: 0, max: 2 ** 32 - 1, step: 1 },
  { name: "presence_penalty", min: -2, max: 2, step: 0.1, absent: 0 },
  { name: "frequency_penalty", min: -2, max: 2, step: 0.1, absent: 0 },
  { name: "repeat_penalty", min: 0.01, max: 2, step: 0.05 },
];

/** Has anybody chosen one of them? */
export function isSet(stored: Record<string, Json>): boolean {
  const hasStop = Array.isArray(stored.stop) && stored.stop.length > 0;
  return hasStop || MORE.some(({ name, absent }) => typeof stored[name] === "number" && stored[name] !== absent);
}

/** The parameters with one of them set; nothing given leaves the choice to the server. */
export function withParameter(stored: Record<string, Json>, name: string, value: Json): Record<string, Json> {
  const rest = Object.fromEntries(Object.entries(stored).filter(([key]) => key !== name));
  return value === "" || value === null ? rest : { ...rest, [name]: value };
}
