/** Fields of nodes that call tools: which, set how, and what a call is given. */
import { MultiSelect, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useTools } from "@/shared/api/queries";
import type { Json, JsonObject } from "@/shared/api/types";
import { hasSettings } from "@/shared/tools/schema";
import { ToolSettings } from "@/shared/tools/ToolSettings";
import { useToolWords } from "@/shared/tools/words";
import classes from "../builder.module.css";
import { itemsOf } from "../graph/handles";
import { useBuilder } from "../store/BuilderContext";
import { fieldWord } from "../words";
import { TemplateEditor } from "./Editors";
import { asList, asObject, asText, inputText, type FieldProps } from "./field";
import { VariableSelect } from "./VariableSelect";

export function AgentTools({ label, value, onChange }: FieldProps) {
  const tools = useTools();
  const words = useToolWords();
  const editable = useBuilder((state) => state.editable);
  const chosen = itemsOf(value);
  const write = (names: string[]) => onChange(names.map((name) => chosen.find((tool) => tool.name === name) ?? { name, config: {} }));
  const set = (name: string, config: JsonObject) => onChange(chosen.map((choice) => (choice.name === name ? { ...choice, config } : choice)));
  const settable = chosen.flatMap((choice) => {
    const tool = tools.data?.find((each) => each.name === choice.name);
    return tool && hasSettings(tool) ? [{ tool, config: asObject(choice.config) }] : [];
  });
  return (
    <Stack gap="xs">
      <MultiSelect label={label} data={(tools.data ?? []).map((tool) => ({ value: tool.name, label: words.title(tool) }))} value={chosen.map((tool) => asText(tool.name))} onChange={write} searchable disabled={!editable} />
      {settable.map(({ tool, config }) => (
        <div key={tool.name}>
          <Text size="sm">{words.title(tool)}</Text>
          <ToolSettings tool={tool} config={config} disabled={!editable} onChange={(next) => set(tool.name, next)} />
        </div>
      ))}
    </Stack>
  );
}

export function ToolField({ node, label, value, onPatch }: FieldProps) {
  const tools = useTools();
  const words = useToolWords();
  const editable = useBuilder((state) => state.editable);
  const tool = tools.data?.find((each) => each.name === value);
  const data = (tools.data ?? []).map((each) => ({ value: each.name, label: words.title(each) }));
  const name = asText(value);
  const isForeign = name !== "" && tools.data !== undefined && !tool;
  const { fixed, read } = settingsOf(asObject(node.data.tool_configurations));
  const choose = (next: string) => {
    const title = tools.data?.find((each) => each.name === next)?.title ?? next;
    onPatch({ tool_name: next, tool_label: title, provider_type: "builtin", provider_id: "atelier", provider_name: "atelier", tool_configurations: {} });
  };
  const set = (config: JsonObject) => {
    const constants = Object.entries(config).map(([key, constant]) => [key, { type: "constant", value: constant }] as const);
    onPatch({ tool_configurations: { ...read, ...Object.fromEntries(constants) } });
  };
  return (
    <Stack gap="sm">
      <Select
        label={label}
        description={tool && words.does(tool)}
        data={isForeign ? [...data, { value: name, label: asText(node.data.tool_label) || name }] : data}
        value={name || null}
        searchable
        withAsterisk
        allowDeselect={false}
        disabled={!editable}
        onChange={(next) => next && choose(next)}
      />
      {tool && <ToolSettings key={name} tool={tool} config={fixed} disabled={!editable} onChange={set} />}
      {tool && <CallInputs node={node} schema={tool.parameters} value={node.data.tool_parameters} onChange={(next) => onPatch({ tool_parameters: next })} />}
    </Stack>
  );
}

/** Settings that the author fixed, and those that are read while the graph runs: an import may have both. */
function settingsOf(given: JsonObject): { fixed: JsonObject; read: JsonObject } {
  const fixed: JsonObject = {};
  const read: JsonObject = {};
  for (const [name, input] of Object.entries(given)) {
    const { type, value } = asObject(input);
    const isRead = type === "variable" || (type === "mixed" && typeof value === "string" && value.includes("{{"));
    if (isRead) read[name] = input;
    else fixed[name] = type === undefined ? input : (value ?? null);
  }
  return { fixed, read };
}

interface CallInputsProps {
  node: FieldProps["node"];
  schema: JsonObject;
  value: Json | undefined;
  onChange: (value: JsonObject) => void;
}

/** What a call is given, one field for each parameter of its schema. */
function CallInputs({ node, schema, value, onChange }: CallInputsProps) {
  const given = asObject(value);
  const required = asList(schema.required);
  const set = (name: string, type: "mixed" | "variable" | "constant", next: Json) => onChange({ ...given, [name]: { type, value: next } });
  return (
    <Stack gap="sm">
      {Object.entries(asObject(schema.properties)).map(([name, shape]) => {
        const { type, description } = asObject(shape);
        const options = asList(asObject(shape).enum).map(String);
        const label = required.includes(name) ? `${name} *` : name;
        const current = asObject(given[name]);
        const hint = asText(description);
        if (options.length > 0) return <Select key={name} size="xs" label={label} description={hint} data={options} value={asText(current.value) || null} onChange={(next) => set(name, "constant", next)} />;
        if (type === "string") return <TemplateEditor key={name} nodeId={node.id} label={label} hint={hint} value={inputText(current)} onChange={(text) => set(name, "mixed", text)} />;
        return <TypedInput key={name} nodeId={node.id} label={label} hint={hint} type={asText(type)} current={current} onChange={(kind, next) => set(name, kind, next)} />;
      })}
    </Stack>
  );
}

function TypedInput({ nodeId, label, hint, type, current, onChange }: { nodeId: string; label: string; hint: string; type: string; current: JsonObject; onChange: (kind: "variable" | "constant", value: Json) => void }) {
  const { t } = useTranslation();
  const isVariable = current.type === "variable";
  return (
    <div className={classes.fieldset}>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <Text size="xs" c="dimmed" mb={6}>
        {hint}
      </Text>
      <SegmentedControl size="xs" mb={6} aria-label={label} value={isVariable ? "variable" : "constant"} onChange={(kind) => onChange(kind as "variable" | "constant", kind === "variable" ? [] : "")} data={[{ value: "constant", label: fieldWord(t, "constant") }, { value: "variable", label: fieldWord(t, "variable") }]} />
      {isVariable ? (
        <VariableSelect nodeId={nodeId} value={current.value} onChange={(selector) => onChange("variable", selector)} />
      ) : (
        <TextInput size="xs" aria-label={label} placeholder={type} defaultValue={typeof current.value === "string" ? current.value : current.value === undefined ? "" : JSON.stringify(current.value)} onBlur={(event) => onChange("constant", parsed(event.currentTarget.value))} />
      )}
    </div>
  );
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
