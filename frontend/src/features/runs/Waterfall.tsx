/** The nodes of a run as bars of time; the chosen one shows what went in and what came out. */
import { Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunDetail, RunNode } from "@/shared/api/runTypes";
import { formatCount, formatDuration } from "@/shared/format/numbers";
import { storedSteps } from "@/shared/sse/steps";
import { JsonTree } from "@/shared/ui/JsonTree";
import { Steps } from "@/shared/ui/run/Steps";
import classes from "./runs.module.css";
import { barsOf } from "./waterfallModel";

const COLORS: Record<string, string> = {
  retrieve: "var(--mantine-color-indigo-5)",
  knowledge: "var(--mantine-color-indigo-5)",
  "knowledge-retrieval": "var(--mantine-color-indigo-5)",
  llm: "var(--mantine-color-accent-5)",
  agent: "var(--mantine-color-violet-5)",
  tool: "var(--mantine-color-orange-5)",
};

export function Waterfall({ run }: { run: RunDetail }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string | null>(null);
  if (run.nodes.length === 0) return <Text c="dimmed">{t("runs.noNodes")}</Text>;
  const selected = run.nodes.find((node) => node.node_id === chosen) ?? run.nodes.at(-1);
  return (
    <Stack>
      <div className={classes.waterfall} role="listbox" aria-label={t("runs.trace")}>
        {barsOf(run.nodes, run.started_at).map(({ node, left, width }) => (
          <UnstyledButton
            key={node.node_id}
            className={classes.row}
            role="option"
            aria-selected={node === selected}
            data-selected={node === selected || undefined}
            onClick={() => setChosen(node.node_id)}
          >
            <span className={classes.rowName}>
              <Text size="sm" truncate>
                {node.title || node.node_id}
              </Text>
              <Text size="xs" c="dimmed" component="span">
                {node.kind}
              </Text>
            </span>
            <span className={classes.track}>
              <span
                className={classes.bar}
                style={{
                  left: `${left}%`,
                  width: `${width}%`,
                  background: node.error ? "var(--mantine-color-red-6)" : (COLORS[node.kind] ?? "var(--mantine-color-gray-5)"),
                }}
              />
            </span>
            <Text size="xs" c="dimmed" className="numbers" ta="right">
              {formatDuration(node.elapsed_ms)}
            </Text>
          </UnstyledButton>
        ))}
      </div>
      {selected && <NodeDetail node={selected} />}
    </Stack>
  );
}

function NodeDetail({ node }: { node: RunNode }) {
  const { t, i18n } = useTranslation();
  return (
    <Stack gap="sm">
      <Group gap="md">
        <Text fw={600}>{node.title || node.node_id}</Text>
        {node.usage && node.usage.prompt_tokens + node.usage.completion_tokens > 0 && (
          <Text size="sm" c="dimmed" className="numbers">
            {t("runs.usage", {
              prompt: formatCount(node.usage.prompt_tokens, i18n.language),
              completion: formatCount(node.usage.completion_tokens, i18n.language),
            })}
          </Text>
        )}
        {node.attempts > 1 && (
          <Text size="sm" c="dimmed">
            {t("runs.attempts", { count: node.attempts })}
          </Text>
        )}
      </Group>
      {node.error && (
        <Text size="sm" c="red">
          {node.error.message}
        </Text>
      )}
      {node.tool_calls && node.tool_calls.length > 0 && <Steps steps={storedSteps(node)} live={false} />}
      <JsonTree label={t("runs.inputs")} value={node.inputs} />
      <JsonTree label={t("runs.outputs")} value={node.outputs} />
    </Stack>
  );
}
