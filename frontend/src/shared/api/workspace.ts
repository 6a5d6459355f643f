/** Queries about who asks and where: set-up, session, me, workspace. */
import { useQuery } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { api } from "./client";
import type { Health, Me, Setup, WorkspaceRef } from "./types";

export const useSetup = () => useQuery({ queryKey: ["setup"], queryFn: () => api.get<Setup>("/setup"), staleTime: Infinity });

export const useMe = () => useQuery({ queryKey: ["me"], queryFn: () => api.get<Me>("/me"), staleTime: 60_000 });

export const useHealth = (enabled: boolean) =>
  useQuery({ queryKey: ["health"], queryFn: () => api.get<Health>("/health"), enabled, refetchInterval: 15_000 });

export const WorkspaceContext = createContext<WorkspaceRef | null>(null);

export function useWorkspace(): WorkspaceRef {
  const workspace = useContext(WorkspaceContext);
  if (!workspace) throw new Error("useWorkspace needs a page below /w/<workspace>");
  return workspace;
}

/** What the role of this person allows in this workspace; the server has the last word. */
export function useMay(): { edit: boolean; administer: boolean } {
  const { role } = useWorkspace();
  return { edit: role !== "viewer", administer: role === "owner" || role === "admin" };
}

/** Whether this person may change what all workspaces share: the models of the machine. The server has the last word. */
export function useMachine(): boolean {
  return useMe().data?.is_machine_admin ?? false;
}

/** The address of a page of the current workspace. */
export function useRoute(): (path: string) => string {
  const { id } = useWorkspace();
  return (path) => `/w/${id}/${path}`;
}
