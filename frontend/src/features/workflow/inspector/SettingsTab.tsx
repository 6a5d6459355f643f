/** The settings of a node: its fields, what is rarely changed, and what happens when it fails. */
import { Alert, Button, Collapse, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { createElement, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Json, JsonObject } from "@/shared/api/types";
import { renameNode, updateData } from "../graph/edit";
import { kindOf, type GraphNode } from "../graph/model";
import { renameField } from "../graph/references";
import { useAround, useBuilder } from "../store/BuilderContext";
import { useWords } from "../words";
import { FailureSection } from "./FailureSection";
import { asObject } from "./field";
import { CommitInput } from "./inputs";
import { SchemaField } from "./SchemaField";
import { fieldsOf, widgetFor } from "./widgets";

export function SettingsTab({ node }: { node: GraphNode }) {
  const { t } = useTranslation();
  const { types } = useAround();
  const words = useWords();
  const kind = kindOf(node);
  const schema = types.get(kind)?.config_schema;
  const { plain, rare } = fieldsOf(kind, Object.keys(asObject(schema?.properties)));
  const [more, setMore] = useState(false);
  return (
    <Stack gap="lg">
      <NodeProblems nodeId={node.id} />
      {!schema && <Text size="sm">{t("workflow.problems.unknown_kind", { detail: kind })}</Text>}
      {plain.map((key) => (
        <Field key={key} node={node} name={key} schema={asObject(asObject(schema?.properties)[key])} label={words.field(key)} />
      ))}
      <div>
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setMore(!more)} aria-expanded={more} ml={-8}>
          {t(more ? "workflow.less" : "workflow.more")}
        </Button>
        <Collapse expanded={more}>
          <Stack gap="lg" pt="md">
            {rare.map((key) => (
              <Field key={key} node={node} name={key} schema={asObject(asObject(schema?.properties)[key])} label={words.field(key)} />
            ))}
            {kind !== "start" && kind !== "end" && kind !== "answer" && <FailureSection node={node} />}
            <Identity node={node} />
          </Stack>
        </Collapse>
      </div>
    </Stack>
  );
}

function Field({ node, name, label, schema }: { node: GraphNode; name: string; label: string; schema: JsonObject }) {
  const change = useBuilder((state) => state.change);
  const patch = (values: Record<string, Json | undefined>) => change((graph) => updateData(graph, node.id, values), `${node.id} ${name}`);
  return createElement(widgetFor(kindOf(node), name) ?? SchemaField, {
    node,
    name,
    label,
    schema,
    value: node.data[name],
    onChange: (value) => patch({ [name]: value }),
    onPatch: patch,
    onRename: (from, to) => change((graph) => renameField(graph, node.id, from, to), `${node.id} ${name}`),
  });
}

function NodeProblems({ nodeId }: { nodeId: string }) {
  const problems = useBuilder((state) => state.problems.get(nodeId));
  const words = useWords();
  if (!problems || problems.length === 0) return null;
  const isError = problems.some((problem) => problem.severity === "error");
  return (
    <Alert color={isError ? "red" : "yellow"} variant="light" p="xs" icon={<IconAlertTriangle size={16} />}>
      {problems.map((problem) => (
        <Text key={problem.code + problem.detail} size="sm">
          {words.problem(problem)}
        </Text>
      ))}
    </Alert>
  );
}

/** The name by which others refer to the node, and what people should know of it. */
function Identity({ node }: { node: GraphNode }) {
  const { t } = useTranslation();
  const { change, select, editable } = useBuilder((state) => state);
  const rename = (next: string) => {
    let id = node.id;
    change((graph) => {
      const renamed = renameNode(graph, node.id, next);
      id = renamed.nodes[graph.nodes.findIndex((each) => each.id === node.id)]?.id ?? id;
      return renamed;
    });
    select([id]);
  };
  return (
    <Group gap="sm" align="flex-start" grow>
      <Stack gap="sm">
        <CommitInput size="xs" className="mono" label={t("workflow.nodeId")} description={t("workflow.hints.nodeId")} value={node.id} disabled={!editable} onCommit={(next) => next && rename(next)} />
        <Textarea size="xs" label={t("workflow.fields.description")} autosize minRows={1} disabled={!editable} value={node.data.desc ?? ""} onChange={(event) => change((graph) => updateData(graph, node.id, { desc: event.target.value }), `${node.id} desc`)} />
      </Stack>
    </Group>
  );
}
