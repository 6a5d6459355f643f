/** The form of a provider and what of it is sent. */
import type { Provider, ProviderModel, ProviderWrite } from "@/shared/api/types";

export interface ProviderValues {
  name: string;
  base_url: string;
  api_key: string;
  models: ProviderModel[];
}

const CONTEXT_TOKENS = 8_192;

export function blankModel(name = ""): ProviderModel {
  const embedding = /embed|bge|e5-|minilm/i.test(name);
  return {
    name,
    kind: embedding ? "embedding" : "chat",
    context_tokens: CONTEXT_TOKENS,
    supports_tools: false,
    supports_images: false,
    input_price: "0",
    output_price: "0",
  };
}

export function valuesOf(provider: Provider | null): ProviderValues {
  return { name: provider?.name ?? "", base_url: provider?.base_url ?? "", api_key: "", models: provider?.models ?? [] };
}

/** An empty key is not sent, so that editing a provider keeps the stored one. */
export function bodyOf({ api_key, models, ...rest }: ProviderValues): ProviderWrite {
  return {
    ...rest,
    ...(api_key ? { api_key } : {}),
    models: models.filter((model) => model.name.trim() !== "").map((model) => ({ ...model, name: model.name.trim() })),
  };
}
