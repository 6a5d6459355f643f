/** The page of a chatflow or a workflow: palette, canvas, inspector, run. It writes the graph into the app's draft. */
import { Loader } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { ReactFlowProvider } from "@xyflow/react";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { api } from "@/shared/api/client";
import { useApp } from "@/shared/api/queries";
import type { App, JsonObject, Page } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { useGraphDraftStore } from "@/shared/draft/DraftContext";
import { AskRole } from "@/shared/ui/AskRole";
import { Loaded } from "@/shared/ui/states";
import classes from "./builder.module.css";
import { Canvas } from "./canvas/Canvas";
import { Dialogs } from "./canvas/Dialogs";
import { NodePicker } from "./canvas/NodePicker";
import canvas from "./canvas/canvas.module.css";
import { useAdding } from "./canvas/useAdding";
import { freeHandle } from "./canvas/useShortcuts";
import { targetOf } from "./graph/kinds";
import { graphOf, isNote } from "./graph/model";
import type { Problem } from "./graph/problems";
import type { NodeType, NodeTypes } from "./graph/variables";
import { Inspector } from "./inspector/Inspector";
import { RunProvider } from "./run/RunContext";
import { RunDrawer } from "./run/RunDrawer";
import { createRunStore } from "./run/runStore";
import { BuilderProvider, useBuilder, useBuilderStore, useProblems, useTargetNames } from "./store/BuilderContext";
import { createBuilder, graphNow } from "./store/builder";
import { TopBar } from "./TopBar";

const useNodeTypes = () =>
  useQuery({
    queryKey: ["node-types"],
    queryFn: () => api.get<Page<NodeType>>("/node-types"),
    select: (page): NodeTypes => new Map(page.results.map((type) => [type.kind, type])),
    staleTime: Infinity,
  });

export function BuilderPage() {
  const { appId = "" } = useParams();
  const app = useApp(appId);
  const types = useNodeTypes();
  return (
    <Loaded query={types} skeleton={<Loader m="xl" size="sm" />}>
      {(loaded) => app.data && <Builder key={appId} app={app.data} types={loaded} />}
    </Loaded>
  );
}

function Builder({ app, types }: { app: App; types: NodeTypes }) {
  const { t } = useTranslation();
  const may = useMay();
  const narrow = useMediaQuery("(max-width: 900px)", false, { getInitialValueInEffect: false });
  const draft = useGraphDraftStore();
  const editable = may.edit && !narrow;
  const [store] = useState(() => createBuilder(graphOf(draft.getState().draft.graph), editable));
  const [runs] = useState(createRunStore);
  useEffect(() => store.setState({ editable }), [store, editable]);
  useEffect(
    () =>
      store.subscribe((state, before) => {
        const graph = graphNow(state);
        if (graph !== graphNow(before)) draft.getState().edit({ graph: graph as unknown as JsonObject });
      }),
    [store, draft],
  );
  useEffect(() => () => runs.getState().clear(), [runs]);
  return (
    <BuilderProvider app={app} store={store} types={types}>
      <RunProvider store={runs}>
        <ReactFlowProvider>
          <Derived />
          <div className={classes.builder}>
            <TopBar narrow={narrow} />
            {!may.edit && (
              <div className={classes.reason}>
                <AskRole role="editor" what={t("build.readOnly")} />
              </div>
            )}
            <div className={classes.middle}>
              {editable && <SidePalette />}
              <div className={classes.center}>
                <Canvas narrow={narrow} />
                <RunDrawer narrow={narrow} />
              </div>
              <Inspector narrow={narrow} />
            </div>
          </div>
          <Dialogs />
        </ReactFlowProvider>
      </RunProvider>
    </BuilderProvider>
  );
}

function SidePalette() {
  const { add } = useAdding();
  const store = useBuilderStore();
  const pick = (kind: string) => {
    const state = store.getState();
    const { focusId } = state;
    const handleId = focusId ? freeHandle(graphNow(state), focusId) : undefined;
    add(kind, focusId && handleId ? { from: { nodeId: focusId, handleId } } : { place: { x: window.innerWidth / 2 - 120, y: window.innerHeight / 2 } });
  };
  return (
    <aside className={canvas.palette}>
      <NodePicker draggable onPick={pick} />
    </aside>
  );
}

/** Keeps what the cards show of each node current: its target and its problems. A card is drawn again only when its own change. */
function Derived() {
  const store = useBuilderStore();
  const graph = useDeferredValue(useBuilder(graphNow));
  const names = useTargetNames();
  const problems = useProblems();
  const targets = useMemo(
    () => new Map(graph.nodes.filter((node) => !isNote(node)).map((node) => [node.id, targetOf(graph, node, names)])),
    [graph, names],
  );
  useEffect(() => store.setState({ targets }), [store, targets]);
  useEffect(() => {
    const before = store.getState().problems;
    const next = new Map<string, readonly Problem[]>();
    for (const problem of problems) next.set(problem.nodeId, [...(next.get(problem.nodeId) ?? []), problem]);
    for (const [id, list] of next) {
      const old = before.get(id);
      if (old && JSON.stringify(old) === JSON.stringify(list)) next.set(id, old);
    }
    store.setState({ problems: next });
  }, [store, problems]);
  return null;
}
