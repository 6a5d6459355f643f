/** What the pages ask about the prompts of the workspace. */
import { useQuery, type QueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import type { PromptDetail, PromptSummary, PromptVersion } from "./promptTypes";

export const usePrompts = (search: string) =>
  useQuery({
    queryKey: ["prompts", search],
    queryFn: () => api.get<Page<PromptSummary>>("/prompts", { search, limit: 100 }),
    select: (page) => page.results,
    placeholderData: (before) => before,
  });

export const usePrompt = (id: string) => useQuery({ queryKey: ["prompt", id], queryFn: () => api.get<PromptDetail>(`/prompts/${id}`) });

export const usePromptVersions = (id: string) =>
  useQuery({
    queryKey: ["prompt-versions", id],
    queryFn: () => api.get<Page<PromptVersion>>(`/prompts/${id}/versions`, { limit: 100 }),
    select: (page) => page.results,
  });

/** Call it after a change to a prompt. */
export async function refreshPrompt(client: QueryClient, id: string): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: ["prompts"] }),
    client.invalidateQueries({ queryKey: ["prompt", id] }),
    client.invalidateQueries({ queryKey: ["prompt-versions", id] }),
  ]);
}
