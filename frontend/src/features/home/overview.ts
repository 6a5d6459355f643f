/** What the first page asks: the runs since midnight here, and the newest changes. */
import { useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";

export interface Change {
  action: string;
  at: string;
  actor: string;
  kind: "app" | "dataset";
  target_id: string;
  name: string;
  is_there: boolean;
}

export interface Overview {
  runs: number;
  failed: number;
  live: number;
  /** Paused runs of any age: each asks a person something. */
  waiting: number;
  tokens: number;
  cost: string;
  changes: Change[];
}

export function midnight(now = new Date()): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate());
}

export const useOverview = () =>
  useQuery({
    queryKey: ["overview"],
    queryFn: () => api.get<Overview>("/overview", { since: midnight().toISOString() }),
    refetchInterval: 30_000,
  });
