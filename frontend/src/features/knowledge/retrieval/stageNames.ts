/** The name of a stage for people; one that this page does not know keeps its own. */
import type { TFunction } from "i18next";

const KNOWN = ["rewrite", "filter", "embed", "semantic", "full_text", "fuse", "rerank", "mmr", "threshold", "widen"] as const;

export function stageName(t: TFunction, name: string): string {
  const known = KNOWN.find((each) => each === name);
  return known ? t(`knowledge.stageTimes.${known}`) : name;
}
