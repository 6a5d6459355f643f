/** Gives the parts of the builder the run that is shown, each node its own part of it. */
import { createContext, useContext, type ReactNode } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/react/shallow";
import { overlayOf } from "./runModel";
import type { RunState, RunStore } from "./runStore";

const RunContext = createContext<RunStore | null>(null);

export function RunProvider({ store, children }: { store: RunStore; children: ReactNode }) {
  return <RunContext value={store}>{children}</RunContext>;
}

export function useRunStore(): RunStore {
  const store = useContext(RunContext);
  if (!store) throw new Error("useRunState needs the builder's page");
  return store;
}

export function useRunState<T>(select: (state: RunState) => T): T {
  return useStore(useRunStore(), select);
}

/** What a node did in the run, over all its rounds; null while there is no run or it has not come to it. */
export function useOverlay(nodeId: string) {
  return useStore(
    useRunStore(),
    useShallow(({ run }) => (run ? overlayOf(run, nodeId) : null)),
  );
}
