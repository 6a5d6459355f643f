/** Lets in who has a session and belongs to the workspace of the address; every request then names it. */
import { Center, Loader } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Navigate, useLocation, useParams } from "react-router";
import { ApiError, setRequestWorkspace } from "@/shared/api/client";
import { useMe, WorkspaceContext } from "@/shared/api/workspace";
import { ErrorState } from "@/shared/ui/states";
import { lastWorkspace } from "./lastWorkspace";
import { NotFound } from "./RouteError";

export function RequireWorkspace({ children }: { children: ReactNode }) {
  const { workspaceId = "" } = useParams();
  const location = useLocation();
  const me = useMe();
  const client = useQueryClient();
  const [entered, setEntered] = useState<string | null>(null);
  const workspace = me.data?.workspaces.find((each) => each.id === workspaceId);

  useEffect(() => {
    if (!workspace || entered === workspace.id) return;
    setRequestWorkspace(workspace.id);
    lastWorkspace.set(workspace.id);
    // What another workspace answered must not be shown here.
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== "me" });
    // eslint-disable-next-line react-hooks/set-state-in-effect -- the children may ask only after the header is set
    setEntered(workspace.id);
  }, [workspace, entered, client]);

  if (me.error instanceof ApiError && me.error.status === 401) {
    return <Navigate to={`/login?next=${encodeURIComponent(location.pathname + location.search)}`} replace />;
  }
  if (me.isError) {
    return (
      <Center h="100vh" p="md">
        <ErrorState error={me.error} onRetry={() => void me.refetch()} />
      </Center>
    );
  }
  if (me.data && !workspace) return <NotFound />;
  if (!workspace || entered !== workspace.id) {
    return (
      <Center h="100vh">
        <Loader />
      </Center>
    );
  }
  return <WorkspaceContext value={workspace}>{children}</WorkspaceContext>;
}
