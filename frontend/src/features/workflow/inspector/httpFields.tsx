/** Fields of the HTTP request: address, lines of names and values, the body, who asks. */
import { Group, PasswordInput, Select, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JsonObject } from "@/shared/api/types";
import { itemsOf } from "../graph/handles";
import { useBuilder } from "../store/BuilderContext";
import { fieldWord } from "../words";
import { TemplateEditor } from "./Editors";
import { asObject, asText, type FieldProps } from "./field";
import { Rows } from "./Rows";
import { VariableSelect } from "./VariableSelect";

const METHODS = ["get", "post", "put", "patch", "delete", "head", "options"];

export function AddressField({ node, label, value, onChange, onPatch }: FieldProps) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  return (
    <Stack gap={6}>
      <Select size="xs" w={120} label={fieldWord(t, "method")} disabled={!editable} data={METHODS.map((method) => ({ value: method, label: method.toUpperCase() }))} value={asText(node.data.method).toLowerCase() || "get"} allowDeselect={false} onChange={(method) => method && onPatch({ method })} />
      <TemplateEditor nodeId={node.id} label={label} value={asText(value)} onChange={onChange} placeholder="https://" />
    </Stack>
  );
}

/** Dify keeps headers and parameters as lines of `name:value`. */
export function linesOf(text: string): JsonObject[] {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const colon = line.indexOf(":");
    return colon < 0 ? { key: line, value: "" } : { key: line.slice(0, colon), value: line.slice(colon + 1) };
  });
}

export const textOfLines = (items: readonly JsonObject[]): string => items.map((item) => `${asText(item.key)}:${asText(item.value).replaceAll("\n", " ")}`).join("\n");

export function KeyValueField({ node, label, value, onChange }: FieldProps) {
  return (
    <Rows
      nodeId={node.id}
      label={label}
      value={linesOf(asText(value))}
      columns={[{ key: "key", as: "name" }]}
      onChange={(items) => onChange(textOfLines(items))}
      blank={(count) => ({ key: `name_${count + 1}`, value: "" })}
      extra={(item, set) => <TemplateEditor nodeId={node.id} hideLabel label={asText(item.key)} value={asText(item.value)} onChange={(next) => set({ value: next })} />}
    />
  );
}

const BODIES = ["none", "json", "raw-text", "form-data", "x-www-form-urlencoded", "binary"];

export function BodyField({ node, label, value, onChange }: FieldProps) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const body = asObject(value);
  const type = asText(body.type) || "none";
  const isText = type === "json" || type === "raw-text";
  const data = typeof body.data === "string" ? [{ type: "text", value: body.data }] : itemsOf(body.data);
  const first = data[0] ?? {};
  return (
    <Stack gap={6}>
      <Select size="xs" label={label} disabled={!editable} data={BODIES.map((each) => ({ value: each, label: t(`workflow.bodies.${each as "none"}`) }))} value={type} allowDeselect={false} onChange={(next) => next && onChange({ type: next, data: next === type ? data : [] })} />
      {isText && <TemplateEditor nodeId={node.id} hideLabel label={label} value={asText(first.value)} onChange={(text) => onChange({ ...body, data: [{ key: "", type: "text", value: text }] })} />}
      {(type === "form-data" || type === "x-www-form-urlencoded") && (
        <Rows
          nodeId={node.id}
          label={fieldWord(t, "fields")}
          value={data}
          columns={[{ key: "key", as: "name" }]}
          onChange={(items) => onChange({ ...body, data: items })}
          blank={(count) => ({ key: `field_${count + 1}`, type: "text", value: "" })}
          extra={(item, set) => <TemplateEditor nodeId={node.id} hideLabel label={asText(item.key)} value={asText(item.value)} onChange={(next) => set({ value: next })} />}
        />
      )}
      {type === "binary" && <VariableSelect nodeId={node.id} label={fieldWord(t, "file")} types={["file"]} value={first.file} onChange={(file) => onChange({ ...body, data: [{ key: "", type: "file", file }] })} />}
    </Stack>
  );
}

const AUTHORISATIONS = ["none", "bearer", "basic", "custom"] as const;

export function AuthorisationField({ label, value, onChange }: FieldProps) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const config = asObject(asObject(value).config);
  const type = asObject(value).type === "api-key" ? asText(config.type) || "bearer" : "none";
  const set = (change: JsonObject) => onChange({ type: "api-key", config: { ...config, ...change } });
  return (
    <Stack gap={6}>
      <Select size="xs" label={label} disabled={!editable} data={AUTHORISATIONS.map((each) => ({ value: each, label: t(`workflow.authorisations.${each}`) }))} value={type} allowDeselect={false} onChange={(next) => (next === "none" ? onChange({ type: "no-auth", config: null }) : set({ type: next }))} />
      {type !== "none" && (
        <Group gap={6} grow>
          {type === "custom" && <TextInput size="xs" label={fieldWord(t, "header")} disabled={!editable} value={asText(config.header)} onChange={(event) => set({ header: event.currentTarget.value })} />}
          <PasswordInput size="xs" label={fieldWord(t, "api_key")} description={t("workflow.hints.secret")} disabled={!editable} value={asText(config.api_key)} onChange={(event) => set({ api_key: event.currentTarget.value })} />
        </Group>
      )}
    </Stack>
  );
}
