/** Gives the pages of one app the same self-saving draft: of a prompt, or of a graph. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, Fragment, useCallback, useContext, useEffect, useState, type ReactNode } from "react";
import { useStore } from "zustand";
import { api, etagOf, forgetEtag } from "@/shared/api/client";
import { refreshApp } from "@/shared/api/queries";
import { isGraphMode, type App, type Draft, type GraphDraft, type GraphReport } from "@/shared/api/types";
import { DraftConflict } from "./DraftConflict";
import { createDraftStore, type DraftState, type DraftStore } from "./draftStore";
import { LeaveGuard } from "./LeaveGuard";

type AnyDraft = Draft | GraphDraft;
/** What the server answers: a graph comes with its report. */
export type SavedDraft = AnyDraft & Partial<GraphReport>;

const DraftContext = createContext<DraftStore<AnyDraft> | null>(null);

export function withoutReport({ errors, warnings, ...draft }: SavedDraft): { draft: AnyDraft; report: GraphReport | null } {
  return { draft, report: errors ? { errors, warnings: warnings ?? [] } : null };
}

/** A graph is kept while it cannot run yet; a prompt is refused. */
function draftPath(app: App): string {
  return isGraphMode(app.mode) ? `/apps/${app.id}/draft?check=false` : `/apps/${app.id}/draft`;
}

export function DraftProvider({ app, initial, children }: { app: App; initial: SavedDraft; children: ReactNode }) {
  const client = useQueryClient();
  const [taken, setTaken] = useState(0);
  const [store] = useState(() => {
    const { draft, report } = withoutReport(initial);
    const save = async (next: AnyDraft) => {
      const etag = etagOf(`/apps/${app.id}/draft`);
      const answer = await api.put<SavedDraft>(draftPath(app), next, etag ? { "If-Match": etag } : {});
      void refreshApp(client, app.id);
      return withoutReport(answer).report;
    };
    return createDraftStore<AnyDraft>(draft, save, undefined, report);
  });
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (store.getState().saveState !== "saved") event.preventDefault();
    };
    window.addEventListener("beforeunload", warn);
    return () => {
      window.removeEventListener("beforeunload", warn);
      if (store.getState().saveState === "dirty") void store.getState().flush().catch(() => undefined);
    };
  }, [store]);
  const refusal = useStore(store, (state) => (state.saveState === "error" ? state.error : null));
  const keepMine = () => {
    forgetEtag(`/apps/${app.id}/draft`);
    return store.getState().flush();
  };
  const takeTheirs = async () => {
    const theirs = withoutReport(await api.get<SavedDraft>(`/apps/${app.id}/draft`));
    store.getState().load(theirs.draft, theirs.report);
    // Editors that keep a copy of the draft begin anew with this one.
    setTaken((count) => count + 1);
    void refreshApp(client, app.id);
  };
  return (
    <DraftContext value={store}>
      <Fragment key={taken}>{children}</Fragment>
      <LeaveGuard appId={app.id} error={refusal} />
      <DraftConflict store={store} onKeepMine={keepMine} onTakeTheirs={takeTheirs} />
    </DraftContext>
  );
}

function useDraftStore(): DraftStore<AnyDraft> {
  const store = useContext(DraftContext);
  if (!store) throw new Error("useDraft needs a page of an app");
  return store;
}

/** The draft of an app that is a prompt. */
export function useDraft<T>(select: (state: DraftState) => T): T {
  return useStore(useDraftStore() as unknown as DraftStore, select);
}

/** Reads the draft at the moment of an event, however long ago the component was drawn. */
export function useDraftNow(): () => Draft {
  const store = useDraftStore() as unknown as DraftStore;
  return useCallback(() => store.getState().draft, [store]);
}

export function useGraphDraftStore(): DraftStore<GraphDraft> {
  return useDraftStore() as unknown as DraftStore<GraphDraft>;
}

/** The draft of an app that is a graph. */
export function useGraphDraft<T>(select: (state: DraftState<GraphDraft>) => T): T {
  return useStore(useGraphDraftStore(), select);
}
