/** Fields of nodes that ask a model: which one and how, its prompt, memory, passages, the shape of its answer. */
import { ActionIcon, Button, Group, MultiSelect, NumberInput, Select, Stack, Switch, Text, Tooltip } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useDatasets, useModels } from "@/shared/api/queries";
import type { JsonObject } from "@/shared/api/types";
import classes from "../builder.module.css";
import { itemsOf } from "../graph/handles";
import { without } from "../graph/model";
import { useBuilder } from "../store/BuilderContext";
import { CodeEditor, TemplateEditor } from "./Editors";
import { asList, asObject, asText, type FieldProps } from "./field";
import { VariableSelect } from "./VariableSelect";

const PARAMETERS = [
  { name: "temperature", max: 2, step: 0.1 },
  { name: "top_p", max: 1, step: 0.05 },
  { name: "max_tokens", max: 1_000_000, step: 1 },
] as const;

export function ModelField({ value, label, onChange }: FieldProps) {
  const { t } = useTranslation();
  const models = useModels();
  const editable = useBuilder((state) => state.editable);
  const model = asObject(value);
  const id = asText(model.id);
  const parameters = asObject(model.parameters);
  const chat = models.data?.filter((each) => each.kind === "chat") ?? [];
  const isGone = models.data !== undefined && id !== "" && !chat.some((each) => each.id === id);
  const set = (name: string, next: number | string) => {
    onChange({ ...model, parameters: next === "" ? without(parameters, name) : { ...parameters, [name]: Number(next) } });
  };
  return (
    <Stack gap={8}>
      <Select
        label={label}
        data={[...chat.map((each) => ({ value: each.id, label: each.name })), ...(isGone ? [{ value: id, label: id }] : [])]}
        value={id || null}
        onChange={(next) => next && onChange({ ...model, id: next })}
        placeholder={t("build.modelEmpty")}
        searchable
        allowDeselect={false}
        withAsterisk
        disabled={!editable}
        error={isGone ? t("build.modelGone") : undefined}
      />
      <Group gap={8} grow>
        {PARAMETERS.map(({ name, max, step }) => (
          <NumberInput
            key={name}
            size="xs"
            label={t(`build.parameters.${name}`)}
            placeholder={t("build.automatic")}
            min={name === "max_tokens" ? 1 : 0}
            max={max}
            step={step}
            allowDecimal={step < 1}
            disabled={!editable}
            value={typeof parameters[name] === "number" ? parameters[name] : ""}
            onChange={(next) => set(name, next)}
          />
        ))}
      </Group>
    </Stack>
  );
}

const ROLES = ["system", "user", "assistant"] as const;

export function PromptField({ node, value, label, onChange }: FieldProps) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const messages = Array.isArray(value) ? itemsOf(value) : [asObject(value)];
  const set = (index: number, change: JsonObject) => onChange(messages.map((each, at) => (at === index ? { ...each, ...change } : each)));
  const next = messages.at(-1)?.role === "user" ? "assistant" : "user";
  return (
    <Stack gap={10}>
      <Group justify="space-between">
        <Text size="sm" fw={500}>
          {label}
        </Text>
        {editable && (
          <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={13} />} onClick={() => onChange([...messages, { role: next, text: "" }])}>
            {t("workflow.addMessage")}
          </Button>
        )}
      </Group>
      {messages.map((message, index) => (
        <Stack key={index} gap={4}>
          <Group justify="space-between" gap={6}>
            <Select
              size="xs"
              w={130}
              variant="unstyled"
              aria-label={t("workflow.role")}
              data={ROLES.map((role) => ({ value: role, label: t(`workflow.roles.${role}`) }))}
              value={asText(message.role) || "system"}
              allowDeselect={false}
              disabled={!editable}
              onChange={(role) => role && set(index, { role })}
            />
            {messages.length > 1 && editable && (
              <Tooltip label={t("common.delete")}>
                <ActionIcon size={24} variant="subtle" onClick={() => onChange(messages.filter((_, at) => at !== index))} aria-label={t("workflow.removeRow", { number: index + 1 })}>
                  <IconTrash size={14} />
                </ActionIcon>
              </Tooltip>
            )}
          </Group>
          <TemplateEditor nodeId={node.id} withContext hideLabel label={`${label} ${index + 1}`} value={asText(message.text)} onChange={(text) => set(index, { text })} />
        </Stack>
      ))}
    </Stack>
  );
}

export function MemoryField({ node, value, label, onChange }: FieldProps) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const isOn = value !== undefined && value !== null;
  const memory = asObject(value);
  const window = asObject(memory.window);
  return (
    <Stack gap={8}>
      <Switch
        label={label}
        description={t("workflow.hints.memory")}
        checked={isOn}
        disabled={!editable}
        onChange={(event) => onChange(event.currentTarget.checked ? { window: { enabled: false, size: 10 }, query_prompt_template: "{{#sys.query#}}" } : undefined)}
      />
      {isOn && (
        <>
          <NumberInput
            size="xs"
            label={t("workflow.memoryWindow")}
            placeholder={t("build.automatic")}
            min={1}
            max={100}
            disabled={!editable}
            value={window.enabled === true ? asText(window.size) : ""}
            onChange={(next) => onChange({ ...memory, window: next === "" ? { enabled: false, size: 10 } : { enabled: true, size: Number(next) } })}
          />
          <TemplateEditor nodeId={node.id} label={t("workflow.fields.query_prompt_template")} value={asText(memory.query_prompt_template)} onChange={(text) => onChange({ ...memory, query_prompt_template: text })} />
        </>
      )}
    </Stack>
  );
}

/** Something that is on or off, and reads a variable when it is on: passages, pictures. */
export function SwitchedVariable({ node, value, label, name, onChange }: FieldProps) {
  const editable = useBuilder((state) => state.editable);
  const { t } = useTranslation();
  const setting = asObject(value);
  const isVision = name === "vision";
  const configs = asObject(setting.configs);
  const selector = isVision ? configs.variable_selector : setting.variable_selector;
  return (
    <Stack gap={8}>
      <Switch label={label} description={isVision ? t("workflow.hints.vision") : t("workflow.hints.context")} checked={setting.enabled === true} disabled={!editable} onChange={(event) => onChange({ ...setting, enabled: event.currentTarget.checked })} />
      {setting.enabled === true && (
        <VariableSelect
          nodeId={node.id}
          value={selector}
          types={isVision ? ["file", "array[file]"] : ["string", "array[object]", "array[string]"]}
          ariaLabel={label}
          onChange={(next) => onChange(isVision ? { ...setting, configs: { detail: "high", ...configs, variable_selector: next } } : { ...setting, variable_selector: next })}
        />
      )}
    </Stack>
  );
}

export function StructuredOutput({ node, label, onPatch }: FieldProps) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const isOn = node.data.structured_output_enabled === true;
  const schema = asObject(node.data.structured_output).schema ?? { type: "object", properties: {}, required: [] };
  return (
    <Stack gap={8}>
      <Switch label={label} description={t("workflow.hints.structured")} checked={isOn} disabled={!editable} onChange={(event) => onPatch({ structured_output_enabled: event.currentTarget.checked, structured_output: { schema } })} />
      {isOn && (
        <div className={classes.fieldset}>
          <JsonField label={t("build.schema")} value={schema} onChange={(next) => onPatch({ structured_output: { schema: next } })} />
        </div>
      )}
    </Stack>
  );
}

/** JSON as text; what cannot be read yet stays in the editor and is not written. */
export function JsonField({ label, value, onChange }: { label: string; value: FieldProps["value"]; onChange: (value: JsonObject) => void }) {
  const write = (text: string) => {
    try {
      onChange(JSON.parse(text) as JsonObject);
    } catch {
      // The editor keeps what is half written.
    }
  };
  return <JsonText label={label} value={value} write={write} />;
}

function JsonText({ label, value, write }: { label: string; value: FieldProps["value"]; write: (text: string) => void }) {
  const [text, setText] = useState(() => JSON.stringify(value ?? {}, null, 2));
  return (
    <CodeEditor
      label={label}
      language="json"
      value={text}
      onChange={(next) => {
        setText(next);
        write(next);
      }}
    />
  );
}

export function DatasetsField({ value, label, onChange }: FieldProps) {
  const { t } = useTranslation();
  const datasets = useDatasets();
  const editable = useBuilder((state) => state.editable);
  const chosen = asList(value).filter((each) => typeof each === "string");
  const known = (datasets.data ?? []).map((dataset) => ({ value: dataset.id, label: dataset.name }));
  const lost = chosen.filter((id) => datasets.data && !known.some((each) => each.value === id)).map((id) => ({ value: id, label: id.slice(0, 8) }));
  return <MultiSelect label={label} placeholder={chosen.length === 0 ? t("build.chooseDatasets") : undefined} data={[...known, ...lost]} value={chosen} onChange={onChange} searchable disabled={!editable} error={lost.length > 0 ? t("workflow.lostDataset") : undefined} />;
}
