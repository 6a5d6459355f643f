/** Gives the pages of one app the same self-saving draft. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { useStore } from "zustand";
import { api } from "@/shared/api/client";
import { refreshApp } from "@/shared/api/queries";
import type { Draft } from "@/shared/api/types";
import { createDraftStore, type DraftState, type DraftStore } from "./draftStore";

const DraftContext = createContext<DraftStore | null>(null);

export function DraftProvider({ appId, initial, children }: { appId: string; initial: Draft; children: ReactNode }) {
  const client = useQueryClient();
  const [store] = useState(() =>
    createDraftStore(initial, async (draft) => {
      await api.put<Draft>(`/apps/${appId}/draft`, draft);
      void refreshApp(client, appId);
    }),
  );
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (store.getState().saveState !== "saved") event.preventDefault();
    };
    window.addEventListener("beforeunload", warn);
    return () => {
      window.removeEventListener("beforeunload", warn);
      if (store.getState().saveState === "dirty") void store.getState().flush().catch(() => undefined);
      client.removeQueries({ queryKey: ["draft", appId] });
    };
  }, [store, client, appId]);
  return <DraftContext value={store}>{children}</DraftContext>;
}

export function useDraft<T>(select: (state: DraftState) => T): T {
  const store = useContext(DraftContext);
  if (!store) throw new Error("useDraft needs a page of an app");
  return useStore(store, select);
}
