/** Starting runs from the builder: the draft is saved first, so that what runs is what one sees. */
import { useQueryClient } from "@tanstack/react-query";
import type { Json, JsonObject } from "@/shared/api/types";
import { useGraphDraft } from "@/shared/draft/DraftContext";
import { notifyError } from "@/shared/ui/notify";
import { openBuilderPanel } from "../canvas/panels";
import { useBuilderApp } from "../store/BuilderContext";
import { useRunStore } from "./RunContext";

export interface RunAsk {
  inputs: Record<string, Json>;
  query?: string;
  conversation_id?: string;
  files?: string[];
}

export function useRunActions() {
  const app = useBuilderApp();
  const runs = useRunStore();
  const client = useQueryClient();
  const flush = useGraphDraft((state) => state.flush);

  const begin = async (path: string, body: object, query = "") => {
    openBuilderPanel("run");
    try {
      await flush();
    } catch (reason) {
      notifyError(reason);
      return;
    }
    await runs.getState().start(path, body, query);
    void client.invalidateQueries({ queryKey: ["runs"] });
    void client.invalidateQueries({ queryKey: ["last-run", app.id] });
  };
  /** Outputs that stand for nodes which do not run. */
  const mocks = () => {
    const pinned = runs.getState().mocks;
    return Object.keys(pinned).length > 0 ? { mocks: pinned } : {};
  };
  return {
    runDraft: (ask: RunAsk) => {
      runs.setState({ asked: ask });
      return begin(`/apps/${app.id}/runs`, { ...ask, ...mocks() }, ask.query);
    },
    /** What the shown run found before the node is used again. */
    runFrom: (nodeId: string) => {
      const { run, asked } = runs.getState();
      const ask = asked ?? { inputs: {} };
      return begin(`/apps/${app.id}/runs`, { ...ask, ...mocks(), from_node: nodeId, run_id: run?.runId ?? "" }, ask.query);
    },
    runAlone: (nodeId: string, inputs: JsonObject = {}) => begin(`/apps/${app.id}/draft/nodes/${encodeURIComponent(nodeId)}/run`, { inputs }),
    replay: (runId: string) => begin(`/runs/${runId}/replay`, {}),
  };
}
