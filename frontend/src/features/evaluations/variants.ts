/** Variants as a person writes them down, and as the server is asked. Pure. */

export const MAX_VARIANTS = 6;

export interface VariantDraft {
  key: number;
  /** Null is the draft. */
  version: number | null;
  /** Empty is what the version has. */
  model: string;
  prompt: string;
  label?: string;
}

export interface VariantAsk {
  label: string;
  version: number | null;
  overrides: Record<string, unknown>;
}

export function variantsAsked(variants: VariantDraft[]): VariantAsk[] {
  return variants.map(({ version, model, prompt, label }) => ({
    label: label?.trim() || (model ? `${version === null ? "draft" : `version ${version}`} · ${model}` : ""),
    version,
    overrides: { ...(model ? { model: { id: model } } : {}), ...(prompt.trim() ? { prompt } : {}) },
  }));
}
