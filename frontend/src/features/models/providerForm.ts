/** The form of a provider and what of it is sent. */
import type { ModelKind, Provider, ProviderModel, ProviderWrite } from "@/shared/api/types";

export interface ProviderValues {
  name: string;
  base_url: string;
  api_key: string;
  models: ProviderModel[];
}

const CONTEXT_TOKENS = 8_192;

/** What a model of this name most likely is: rerankers are named after the embedding models they go with. */
function kindOf(name: string): ModelKind {
  if (/rerank/i.test(name)) return "rerank";
  return /embed|bge|e5-|minilm/i.test(name) ? "embedding" : "chat";
}

export function blankModel(name = ""): ProviderModel {
  return {
    name,
    kind: kindOf(name),
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
