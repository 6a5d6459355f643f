/** Fields that are lists in rows: outputs, variables, classes, parameters, assignments. */
import { Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Json, JsonObject } from "@/shared/api/types";
import { itemsOf } from "../graph/handles";
import { VAR_TYPES } from "../graph/varTypes";
import { asObject, asText, type FieldProps } from "./field";
import { Rows, type Column } from "./Rows";
import { useReadable } from "./useReadable";
import { VariableSelect } from "./VariableSelect";

const freshName = (base: string, taken: string[]): string => {
  for (let number = taken.length + 1; ; number += 1) if (!taken.includes(`${base}_${number}`)) return `${base}_${number}`;
};
const namesOf = (value: FieldProps["value"], key: string) => itemsOf(value).map((item) => asText(item[key]));

export function EndOutputs({ node, label, value, onChange }: FieldProps) {
  const { t } = useTranslation();
  const columns: Column[] = [{ key: "variable", as: "name" }, { key: "value_selector", as: "variable", typeKey: "value_type" }];
  return <Rows nodeId={node.id} label={label} hint={t("workflow.hints.endOutputs")} value={value} columns={columns} onChange={onChange} blank={() => ({ variable: freshName("output", namesOf(value, "variable")), value_selector: [], value_type: "any" })} />;
}

export function InputVariables({ node, label, value, onChange }: FieldProps) {
  const { t } = useTranslation();
  const columns: Column[] = [{ key: "variable", as: "name" }, { key: "value_selector", as: "variable", typeKey: "value_type" }];
  return <Rows nodeId={node.id} label={label} hint={t("workflow.hints.inputVariables")} value={value} columns={columns} onChange={onChange} blank={() => ({ variable: freshName("arg", namesOf(value, "variable")), value_selector: [] })} />;
}

/** Code declares its outputs as an object: names with their types. */
export function CodeOutputs({ node, label, value, onChange, onRename }: FieldProps) {
  const { t } = useTranslation();
  const outputs = asObject(value);
  const rows = Object.entries(outputs).map(([name, shape]): JsonObject => ({ ...asObject(shape), name }));
  const write = (items: JsonObject[]) => onChange(Object.fromEntries(items.map(({ name, ...shape }) => [asText(name), { type: "string", children: null, ...shape }])));
  const columns: Column[] = [{ key: "name", as: "name" }, { key: "type", as: "type", of: VAR_TYPES.filter((type) => !type.includes("file")) }];
  return <Rows nodeId={node.id} label={label} hint={t("workflow.hints.codeOutputs")} value={rows} columns={columns} onChange={write} onRename={onRename} blank={() => ({ name: freshName("result", Object.keys(outputs)), type: "string", children: null })} />;
}

export function Classes({ node, label, value, onChange }: FieldProps) {
  const { t } = useTranslation();
  const next = () => String(1 + Math.max(0, ...namesOf(value, "id").map((id) => Number(id) || 0)));
  return <Rows nodeId={node.id} label={label} hint={t("workflow.hints.classes")} value={value} columns={[{ key: "name", as: "text" }]} onChange={onChange} blank={() => ({ id: next(), name: "" })} />;
}

const PARAMETER_TYPES = ["string", "number", "boolean", "select", "array[string]", "array[number]", "array[object]"];

export function Parameters({ node, label, value, onChange, onRename }: FieldProps) {
  const { t } = useTranslation();
  const columns: Column[] = [
    { key: "name", as: "name" },
    { key: "type", as: "type", of: PARAMETER_TYPES },
    { key: "required", as: "tick", grow: false },
  ];
  return (
    <Rows
      nodeId={node.id}
      label={label}
      hint={t("workflow.hints.parameters")}
      value={value}
      columns={columns}
      onChange={onChange}
      onRename={onRename}
      blank={() => ({ name: freshName("parameter", namesOf(value, "name")), type: "string", description: "", required: false })}
      extra={(item, set) => (
        <Textarea mt={6} size="xs" autosize minRows={1} aria-label={t("workflow.fields.description")} placeholder={t("workflow.fields.description")} value={asText(item.description)} onChange={(event) => set({ description: event.currentTarget.value })} />
      )}
    />
  );
}

export function LoopVariables({ node, label, value, onChange, onRename }: FieldProps) {
  const { t } = useTranslation();
  const columns: Column[] = [
    { key: "label", as: "name", label: t("common.name") },
    { key: "var_type", as: "type" },
    { key: "value_type", as: "choice", of: ["constant", "variable"] },
  ];
  return (
    <Rows
      nodeId={node.id}
      label={label}
      hint={t("workflow.hints.loopVariables")}
      value={value}
      columns={columns}
      onChange={onChange}
      onRename={onRename}
      blank={() => ({ id: crypto.randomUUID(), label: freshName("value", namesOf(value, "label")), var_type: "string", value_type: "constant", value: "" })}
      extra={(item, set) => <RowValue nodeId={node.id} item={item} typeKey="var_type" isVariable={item.value_type === "variable"} onChange={(next) => set({ value: next })} />}
    />
  );
}

const OPERATIONS: Record<string, string[]> = {
  number: ["over-write", "clear", "set", "+=", "-=", "*=", "/="],
  array: ["over-write", "clear", "append", "extend", "remove-first", "remove-last"],
  other: ["over-write", "clear", "set"],
};
const NO_VALUE = new Set(["clear", "remove-first", "remove-last"]);
const CONSTANT = new Set(["set", "+=", "-=", "*=", "/="]);

export function Assignments({ node, label, value, onChange }: FieldProps) {
  const { t } = useTranslation();
  const variables = useReadable(node.id, "assignable");
  const operations = [...new Set(Object.values(OPERATIONS).flat())];
  const columns: Column[] = [{ key: "variable_selector", as: "variable", from: "assignable" }, { key: "operation", as: "choice", of: operations }];
  return (
    <Rows
      nodeId={node.id}
      label={label}
      hint={variables.length === 0 ? t("workflow.hints.noAssignable") : t("workflow.hints.assignments")}
      value={value}
      columns={columns}
      onChange={(items) => onChange(items.map((item) => ({ ...item, input_type: CONSTANT.has(asText(item.operation)) ? "constant" : "variable" })))}
      blank={() => ({ variable_selector: variables[0]?.selector ?? [], input_type: "variable", operation: "over-write", value: [] })}
      extra={(item, set) => {
        const operation = asText(item.operation);
        if (NO_VALUE.has(operation)) return null;
        return <RowValue nodeId={node.id} item={item} isVariable={!CONSTANT.has(operation)} onChange={(next) => set({ value: next })} />;
      }}
    />
  );
}

interface RowValueProps {
  nodeId: string;
  item: JsonObject;
  typeKey?: string;
  isVariable: boolean;
  onChange: (value: Json) => void;
}

/** The value of a row: a variable, or what one writes, as JSON where it is no plain text. */
function RowValue({ nodeId, item, typeKey = "", isVariable, onChange }: RowValueProps) {
  const { t } = useTranslation();
  if (isVariable) {
    const column: Column = { key: "value", as: "variable", label: t("workflow.fields.value") };
    return <InlineCell nodeId={nodeId} column={column} item={item} onChange={(change) => onChange(change.value ?? null)} />;
  }
  const plain = typeof item.value === "string" ? item.value : JSON.stringify(item.value ?? "");
  return (
    <Textarea
      mt={6}
      size="xs"
      autosize
      minRows={1}
      aria-label={t("workflow.fields.value")}
      placeholder={t("workflow.fields.value")}
      value={plain}
      onChange={(event) => onChange(constantOf(event.currentTarget.value, asText(item[typeKey])))}
    />
  );
}

function InlineCell({ nodeId, column, item, onChange }: { nodeId: string; column: Column; item: JsonObject; onChange: (change: JsonObject) => void }) {
  return (
    <div style={{ marginTop: 6 }}>
      <VariableSelect nodeId={nodeId} value={item[column.key]} ariaLabel={column.label} onChange={(selector) => onChange({ [column.key]: selector })} />
    </div>
  );
}

/** Numbers and JSON become what they say as soon as they can be read; until then they are text. */
function constantOf(text: string, type: string): Json {
  if (type === "string" || text.trim() === "") return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
