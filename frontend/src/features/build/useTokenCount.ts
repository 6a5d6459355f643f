/** How many tokens a text has for a model: counted by its tokenizer, else estimated. */
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";

const PAUSE_MS = 400;
const CHARS_PER_TOKEN = 3.5;

interface TokenCounts {
  counts: number[];
  is_exact: boolean;
}

export interface TokenCount {
  tokens: number;
  exact: boolean;
}

export function useTokenCount(model: string, text: string): TokenCount {
  const [settled] = useDebouncedValue(text, PAUSE_MS);
  const counted = useQuery({
    queryKey: ["tokenCount", model, settled],
    queryFn: () => api.post<TokenCounts>("/token-counts", { model, texts: [settled] }),
    enabled: model !== "" && settled !== "",
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 60_000,
    retry: false,
  });
  if (text === "") return { tokens: 0, exact: true };
  const tokens = counted.data?.counts[0];
  if (tokens === undefined || counted.isError) return { tokens: Math.ceil(text.length / CHARS_PER_TOKEN), exact: false };
  return { tokens, exact: counted.data?.is_exact === true && settled === text && !counted.isPlaceholderData };
}
