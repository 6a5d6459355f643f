/** The nodes of a run as bars of time; the chosen one shows what went in and what came out. */
import { Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { RunDetail, RunNode } from "@/shared/api/runTypes";
import { formatDuration } from "@/shared/format/numbers";
import { ANNOTATION_STEP } from "./AnnotationStep";
import { colorOf } from "./kindColors";
import classes from "./runs.module.css";
import { StepDetail } from "./StepDetail";
import { barsOf, depthOf } from "./waterfallModel";

/** The step that is shown first: the one that failed, else the last that asked a model, else the last. */
function firstOf(nodes: RunNode[]): RunNode | undefined {
  return nodes.find((node) => node.status === "failed") ?? nodes.findLast((node) => (node.prompts?.length ?? 0) > 0) ?? nodes.at(-1);
}

export function Waterfall({ run }: { run: RunDetail }) {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  if (run.nodes.length === 0) return <Text c="dimmed">{t("runs.noNodes")}</Text>;
  const selected = run.nodes.find((node) => node.node_id === search.get("step")) ?? firstOf(run.nodes);
  const choose = (node: RunNode) =>
    setSearch(
      (params) => {
        params.set("step", node.node_id);
        return params;
      },
      { replace: true },
    );
  const kinds = [...new Set(run.nodes.map((node) => node.kind))];
  return (
    <Stack>
      <div>
        <div className={classes.waterfall} role="listbox" aria-label={t("runs.trace")}>
          {barsOf(run.nodes, run.started_at).map(({ node, left, width }) => (
            <UnstyledButton key={node.node_id} className={classes.row} role="option" aria-selected={node === selected} data-selected={node === selected || undefined} onClick={() => choose(node)}>
              <span className={classes.rowName} style={{ paddingLeft: depthOf(node) * 14 }}>
                <Text size="sm" truncate>
                  {node.kind === ANNOTATION_STEP ? t("annotations.step") : node.title || node.node_id}
                </Text>
                <Text size="xs" c="dimmed" component="span" truncate>
                  {node.kind}
                  {node.attempts > 1 && ` · ${t("runs.attempts", { count: node.attempts })}`}
                </Text>
              </span>
              <span className={classes.track}>
                <span
                  className={classes.bar}
                  data-live={node.status === "running" || undefined}
                  style={{ left: `${left}%`, width: `${width}%`, background: node.error ? "var(--mantine-color-red-6)" : colorOf(node.kind) }}
                />
              </span>
              <Text size="xs" c="dimmed" className="numbers" ta="right">
                {formatDuration(node.elapsed_ms)}
              </Text>
            </UnstyledButton>
          ))}
        </div>
        <Group gap="md" mt={6} aria-hidden>
          {kinds.map((kind) => (
            <Group key={kind} gap={6}>
              <span className={classes.swatch} style={{ background: colorOf(kind) }} />
              <Text size="xs" c="dimmed">
                {kind}
              </Text>
            </Group>
          ))}
        </Group>
      </div>
      {selected && <StepDetail key={selected.node_id} runId={run.id} node={selected} />}
    </Stack>
  );
}
