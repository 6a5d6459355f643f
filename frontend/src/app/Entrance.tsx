/** `/` leads to set-up, to the login or into the workspace visited last. */
import { Center, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Navigate } from "react-router";
import { api } from "@/shared/api/client";
import type { Me, Setup } from "@/shared/api/types";
import { ErrorState } from "@/shared/ui/states";
import { lastWorkspace } from "./lastWorkspace";

async function findEntrance(): Promise<string> {
  const setup = await api.get<Setup>("/setup");
  if (setup.required) return "/setup";
  const session = await api.get<{ authenticated: boolean }>("/session");
  if (!session.authenticated) return "/login";
  const me = await api.get<Me>("/me");
  const workspace = me.workspaces.find((each) => each.id === lastWorkspace.get()) ?? me.workspaces[0];
  return workspace ? `/w/${workspace.id}/home` : "/login";
}

export function Entrance() {
  const entrance = useQuery({ queryKey: ["entrance"], queryFn: findEntrance, gcTime: 0 });
  if (entrance.data) return <Navigate to={entrance.data} replace />;
  return (
    <Center h="100vh" p="md">
      {entrance.isError ? <ErrorState error={entrance.error} onRetry={() => void entrance.refetch()} /> : <Loader />}
    </Center>
  );
}
