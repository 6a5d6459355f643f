/** Annotations as the API tells of them, and writing one: from their own page, and from a run. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import type { Page } from "@/shared/api/types";

type Schemas = components["schemas"];

export type Annotation = Schemas["Annotation"];

/** What is to be written: a new one, the correction of a run's answer, or a change of one that is there. */
export interface Writing {
  id: string | null;
  runId: string | null;
  question: string;
  answer: string;
}

export const NEW: Writing = { id: null, runId: null, question: "", answer: "" };

export const writingOf = (row: Annotation): Writing => ({ id: row.id, runId: row.run_id, question: row.question, answer: row.answer });

/** The annotation that corrects the answer of a run, if there is one. */
export const useAnnotationOfRun = (appId: string, runId: string, enabled: boolean) =>
  useQuery({
    queryKey: ["annotations", appId, "run", runId],
    queryFn: () => api.get<Page<Annotation>>(`/apps/${appId}/annotations`, { run: runId, limit: 1 }),
    select: (page) => page.results[0] ?? null,
    enabled,
  });

export function useWrite(appId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, runId, question, answer }: Writing) =>
      id ? api.patch<Annotation>(`/apps/${appId}/annotations/${id}`, { question, answer }) : api.post<Annotation>(`/apps/${appId}/annotations`, { question, answer, run_id: runId }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["annotations", appId] }),
  });
}
