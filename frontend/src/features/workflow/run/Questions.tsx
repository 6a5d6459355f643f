/** What a paused run asks a person: answered here, the run goes on, and its stream with it. */
import { Asks } from "@/shared/ui/run/Asks";
import { useRunState } from "./RunContext";

export function Questions() {
  const run = useRunState((state) => state.run);
  if (!run?.runId || run.forms.length === 0) return null;
  const asks = run.forms.map(({ path, ask, form }) => ({ node_id: path, title: run.steps.get(path)?.title ?? path, ask, form, expires_at: 0 }));
  return <Asks runId={run.runId} asks={asks} />;
}
