/** Gives the parts of the builder its store, what surrounds the graph, and the names of what nodes use. */
import { createContext, useContext, useMemo, type ReactNode } from "react";
import { useStore } from "zustand";
import { useApps, useDatasets, useModels, useTools } from "@/shared/api/queries";
import type { App } from "@/shared/api/types";
import { useGraphDraft } from "@/shared/draft/DraftContext";
import type { Names } from "../graph/kinds";
import { problemsOf, type Problem } from "../graph/problems";
import type { Declared, NodeTypes, Surroundings } from "../graph/variables";
import { graphNow, type Builder, type BuilderStore } from "./builder";

interface Shared {
  app: App;
  store: BuilderStore;
  around: Surroundings;
  names: Names;
  editable: boolean;
}

const BuilderContext = createContext<Shared | null>(null);

interface BuilderProviderProps {
  app: App;
  store: BuilderStore;
  types: NodeTypes;
  children: ReactNode;
}

export function BuilderProvider({ app, store, types, children }: BuilderProviderProps) {
  const environment = useGraphDraft((state) => state.draft.environment_variables);
  const conversation = useGraphDraft((state) => state.draft.conversation_variables);
  const names = useNames();
  const editable = useStore(store, (state) => state.editable);
  const value = useMemo(
    () => ({
      app,
      store,
      names,
      editable,
      around: { types, environment: environment as unknown as Declared[], conversation: conversation as unknown as Declared[], chatflow: app.mode === "chatflow" },
    }),
    [app, store, names, editable, types, environment, conversation],
  );
  return <BuilderContext value={value}>{children}</BuilderContext>;
}

function useNames(): Names {
  const { data: datasets } = useDatasets();
  const { data: models } = useModels();
  const { data: apps } = useApps();
  const { data: tools } = useTools();
  return useMemo(
    () => ({
      dataset: (id) => datasets?.find((each) => each.id === id)?.name ?? id.slice(0, 8),
      model: (id) => models?.find((each) => each.id === id)?.name ?? id,
      app: (id) => apps?.find((each) => each.id === id)?.name ?? id.slice(0, 8),
      tool: (name) => tools?.find((each) => each.name === name)?.title ?? name,
    }),
    [datasets, models, apps, tools],
  );
}

function useShared(): Shared {
  const shared = useContext(BuilderContext);
  if (!shared) throw new Error("useBuilder needs the builder's page");
  return shared;
}

export const useBuilderStore = (): BuilderStore => useShared().store;
export const useAround = (): Surroundings => useShared().around;
export const useTargetNames = (): Names => useShared().names;
export const useBuilderApp = (): App => useShared().app;

/** For what is drawn many times: a context asks nobody while a node moves, a store asks everybody. */
export const useEditable = (): boolean => useShared().editable;

export function useBuilder<T>(select: (state: Builder) => T): T {
  return useStore(useShared().store, select);
}

/** What the page sees at once, and for nodes where it sees nothing what the server said when the draft was saved. */
export function useProblems(): Problem[] {
  const graph = useBuilder(graphNow);
  const around = useAround();
  const report = useGraphDraft((state) => state.report);
  return useMemo(() => {
    const own = problemsOf(graph, around);
    const told = new Set(own.filter((problem) => problem.severity === "error").map((problem) => problem.nodeId));
    const ids = new Set(graph.nodes.map((node) => node.id));
    const server = (report?.errors ?? [])
      .filter(({ node_id: id }) => !told.has(id) && (id === "" || ids.has(id)))
      .map(({ node_id: nodeId, message }): Problem => ({ nodeId, code: "server", detail: message, severity: "error" }));
    return [...own, ...server];
  }, [graph, around, report]);
}
