/** What a node does when it fails: tries again, gives defaults, takes a way of its own, or ends the run. */
import { Group, NumberInput, Select, Stack, Switch, Text, Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Json, JsonObject } from "@/shared/api/types";
import classes from "../builder.module.css";
import { updateData } from "../graph/edit";
import { itemsOf } from "../graph/handles";
import { FAIL_BRANCH, type GraphNode } from "../graph/model";
import { outputsOf } from "../graph/variables";
import { graphNow } from "../store/builder";
import { useAround, useBuilder } from "../store/BuilderContext";
import { asObject, asText } from "./field";

const STRATEGIES = ["none", "default-value", FAIL_BRANCH] as const;

export function FailureSection({ node }: { node: GraphNode }) {
  const { t } = useTranslation();
  const change = useBuilder((state) => state.change);
  const editable = useBuilder((state) => state.editable);
  const set = (values: Record<string, Json | undefined>) => change((graph) => updateData(graph, node.id, values), `${node.id} failure`);
  const retry = asObject(node.data.retry_config);
  const setRetry = (values: JsonObject) => set({ retry_config: { max_retries: 3, retry_interval: 1000, ...retry, ...values } });
  const strategy = asText(node.data.error_strategy) || "none";
  return (
    <fieldset className={classes.fieldset} disabled={!editable} aria-label={t("workflow.failure.title")}>
      <Text size="sm" fw={500} mb={8}>
        {t("workflow.failure.title")}
      </Text>
      <Stack gap="sm">
        <Switch label={t("workflow.failure.retry")} checked={retry.retry_enabled === true} onChange={(event) => setRetry({ retry_enabled: event.currentTarget.checked })} />
        {retry.retry_enabled === true && (
          <Group grow>
            <NumberInput size="xs" label={t("workflow.failure.times")} min={1} max={10} value={asText(retry.max_retries) || 3} onChange={(next) => setRetry({ max_retries: Number(next) || 1 })} />
            <NumberInput size="xs" label={t("workflow.failure.pause")} min={0} max={60_000} step={500} value={asText(retry.retry_interval) || 1000} onChange={(next) => setRetry({ retry_interval: Number(next) || 0 })} />
          </Group>
        )}
        <Select
          size="xs"
          label={t("workflow.failure.then")}
          data={STRATEGIES.map((each) => ({ value: each, label: t(`workflow.failure.strategies.${each}`) }))}
          value={strategy}
          allowDeselect={false}
          onChange={(next) => next && set({ error_strategy: next === "none" ? undefined : next })}
        />
        {strategy === "default-value" && <Defaults node={node} onChange={(default_value) => set({ default_value })} />}
        {strategy === FAIL_BRANCH && (
          <Text size="xs" c="dimmed">
            {t("workflow.failure.branchHint")}
          </Text>
        )}
      </Stack>
    </fieldset>
  );
}

/** One default for each output of the node. */
function Defaults({ node, onChange }: { node: GraphNode; onChange: (values: JsonObject[]) => void }) {
  const graph = useBuilder(graphNow);
  const around = useAround();
  const outputs = Object.entries(outputsOf(graph, node, around)).filter(([name]) => !name.startsWith("error_") && !name.includes("."));
  const given = itemsOf(node.data.default_value);
  const write = (name: string, type: string, text: string) => onChange([...given.filter((item) => item.key !== name), { key: name, type, value: valueOf(text, type) }]);
  return (
    <>
      {outputs.map(([name, type]) => {
        const value = given.find((item) => item.key === name)?.value;
        return <Textarea key={name} size="xs" autosize minRows={1} label={`${name} · ${type}`} defaultValue={typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value)} onBlur={(event) => write(name, type, event.currentTarget.value)} />;
      })}
    </>
  );
}

function valueOf(text: string, type: string): Json {
  if (type === "string") return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
