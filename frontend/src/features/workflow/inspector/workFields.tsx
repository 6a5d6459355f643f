/** Fields of nodes that do work: code, lists to merge, other workflows. */
import { SegmentedControl, Select, Stack, Switch } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useApps } from "@/shared/api/queries";
import type { JsonObject } from "@/shared/api/types";
import { itemsOf } from "../graph/handles";
import { VAR_TYPES } from "../graph/varTypes";
import { useBuilder } from "../store/BuilderContext";
import { fieldWord } from "../words";
import { CodeEditor, TemplateEditor } from "./Editors";
import { asList, asObject, asText, inputText, type FieldProps } from "./field";
import { Rows, type Column } from "./Rows";

const BEGINNINGS: Record<string, string> = {
  python3: 'def main() -> dict:\n    return {"result": "hello"}\n',
  javascript: 'function main() {\n  return { result: "hello" };\n}\n',
};

export function CodeField({ node, label, value, onChange, onPatch }: FieldProps) {
  const editable = useBuilder((state) => state.editable);
  const language = asText(node.data.code_language) === "javascript" ? "javascript" : "python3";
  const choose = (next: string) => {
    const isUntouched = Object.values(BEGINNINGS).includes(asText(value)) || asText(value).trim() === "";
    onPatch({ code_language: next, ...(isUntouched ? { code: BEGINNINGS[next] } : {}) });
  };
  return (
    <Stack gap={6}>
      <SegmentedControl size="xs" aria-label={label} disabled={!editable} value={language} onChange={choose} data={[{ value: "python3", label: "Python" }, { value: "javascript", label: "JavaScript" }]} />
      <CodeEditor label={label} hideLabel language={language} value={asText(value)} onChange={onChange} />
    </Stack>
  );
}

/** A template whose `{{ name }}` are the variables above it. */
export function JinjaField({ label, value, onChange }: FieldProps) {
  const { t } = useTranslation();
  return <CodeEditor label={label} language="template" value={asText(value)} onChange={onChange} placeholder="{{ arg_1 }}" hint={t("workflow.hints.jinja")} />;
}

/** The first of these that has a value is taken. */
export function MergedVariables({ node, label, value, onChange, onPatch }: FieldProps) {
  const { t } = useTranslation();
  const settings = asObject(node.data.advanced_settings);
  if (settings.group_enabled === true) return null;
  const rows = asList(value).map((selector): JsonObject => ({ selector }));
  const column: Column = { key: "selector", as: "variable", label: t("workflow.chooseVariable"), typeKey: "type" };
  const write = (items: JsonObject[]) => {
    onPatch({ output_type: asText(items.find((item) => item.type)?.type) || asText(node.data.output_type) || "any" });
    onChange(items.map((item) => item.selector ?? []));
  };
  return <Rows nodeId={node.id} label={label} hint={t("workflow.hints.merged")} value={rows} columns={[column]} onChange={write} blank={() => ({ selector: [] })} />;
}

export function MergedGroups({ node, value, onChange, onRename }: FieldProps) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const settings = asObject(value);
  const groups = itemsOf(settings.groups);
  const isOn = settings.group_enabled === true;
  const set = (index: number, change: JsonObject) => onChange({ ...settings, groups: groups.map((group, at) => (at === index ? { ...group, ...change } : group)) });
  return (
    <Stack gap="sm">
      <Switch label={t("workflow.groups")} description={t("workflow.hints.groups")} checked={isOn} disabled={!editable} onChange={(event) => onChange({ ...settings, group_enabled: event.currentTarget.checked })} />
      {isOn && (
        <>
          <Rows
            nodeId={node.id}
            label={t("workflow.groups")}
            value={groups}
            columns={[{ key: "group_name", as: "name" }, { key: "output_type", as: "type", of: VAR_TYPES }]}
            onChange={(items) => onChange({ ...settings, groups: items })}
            onRename={onRename}
            blank={(count) => ({ group_name: `group_${count + 1}`, output_type: "any", variables: [] })}
          />
          {groups.map((group, index) => (
            <Rows
              key={asText(group.group_name)}
              nodeId={node.id}
              label={asText(group.group_name)}
              value={asList(group.variables).map((selector): JsonObject => ({ selector }))}
              columns={[{ key: "selector", as: "variable", label: t("workflow.chooseVariable") }]}
              onChange={(items) => set(index, { variables: items.map((item) => item.selector ?? []) })}
              blank={() => ({ selector: [] })}
            />
          ))}
        </>
      )}
    </Stack>
  );
}

export function AppField({ node, label, value, onPatch }: FieldProps) {
  const apps = useApps({ mode: "workflow" });
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const published = (apps.data ?? []).filter((app) => app.published_version !== null);
  const inputs = asObject(node.data.inputs);
  const rows = Object.entries(inputs).map(([name, input]): JsonObject => ({ name, text: inputText(input) }));
  return (
    <Stack gap="sm">
      <Select label={label} description={t("workflow.hints.calledApp")} data={published.map((app) => ({ value: app.id, label: app.name }))} value={asText(value) || null} searchable withAsterisk allowDeselect={false} disabled={!editable} onChange={(next) => onPatch({ app_id: next ?? "" })} />
      <Rows
        nodeId={node.id}
        label={fieldWord(t, "inputs")}
        value={rows}
        columns={[{ key: "name", as: "name" }]}
        onChange={(items) => onPatch({ inputs: Object.fromEntries(items.map((item) => [asText(item.name), { type: "mixed", value: asText(item.text) }])) })}
        blank={(count) => ({ name: `input_${count + 1}`, text: "" })}
        extra={(item, set) => <TemplateEditor nodeId={node.id} hideLabel label={asText(item.name)} value={asText(item.text)} onChange={(text) => set({ text })} />}
      />
    </Stack>
  );
}
