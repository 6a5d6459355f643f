/** What an app asks for before it runs: each with a name, a kind of input and its limits. */
import { ActionIcon, Button, Checkbox, Group, NumberInput, Select, Stack, TagsInput, Text, TextInput, Tooltip } from "@mantine/core";
import { IconChevronDown, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { JsonObject } from "@/shared/api/types";
import classes from "../builder.module.css";
import { itemsOf } from "../graph/handles";
import { useBuilder } from "../store/BuilderContext";
import { asList, asText, type FieldProps } from "./field";
import { CommitInput } from "./inputs";

export const INPUT_TYPES = ["text-input", "paragraph", "select", "number", "checkbox", "file", "file-list", "json_object"] as const;

export function StartVariables({ label, value, onChange, onRename }: FieldProps) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const [open, setOpen] = useState<number | null>(null);
  const items = itemsOf(value);
  const names = items.map((item) => asText(item.variable));
  const set = (index: number, change: JsonObject) => onChange(items.map((item, at) => (at === index ? { ...item, ...change } : item)));
  const add = () => {
    const name = Array.from({ length: items.length + 1 }, (_, index) => `input_${index + 1}`).find((each) => !names.includes(each)) ?? "input";
    onChange([...items, { variable: name, label: "", type: "text-input", required: true }]);
  };
  return (
    <fieldset className={classes.fieldset} aria-label={label} disabled={!editable}>
      <Group justify="space-between" mb={items.length > 0 ? 6 : 0}>
        <Text size="sm" fw={500}>
          {label}
        </Text>
        <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={13} />} onClick={add}>
          {t("workflow.add")}
        </Button>
      </Group>
      {items.length === 0 && (
        <Text size="xs" c="dimmed">
          {t("workflow.hints.startVariables")}
        </Text>
      )}
      <Stack gap={8}>
        {items.map((item, index) => (
          <div key={index}>
            <Group gap={6} wrap="nowrap">
              <CommitInput
                size="xs"
                flex={1}
                aria-label={t("build.variableName")}
                value={asText(item.variable)}
                onCommit={(next) => {
                  if (!/^[A-Za-z_]\w*$/.test(next) || names.includes(next)) return;
                  set(index, { variable: next });
                  onRename(asText(item.variable), next);
                }}
              />
              <Select size="xs" w={122} aria-label={t("build.variableType")} data={INPUT_TYPES.map((type) => ({ value: type, label: t(`workflow.inputTypes.${type}`) }))} value={asText(item.type)} allowDeselect={false} onChange={(type) => type && set(index, { type })} />
              <Tooltip label={t("workflow.details")}>
                <ActionIcon size={28} variant="subtle" aria-expanded={open === index} aria-label={t("workflow.details")} onClick={() => setOpen(open === index ? null : index)}>
                  <IconChevronDown size={15} style={{ transform: open === index ? "rotate(180deg)" : undefined }} />
                </ActionIcon>
              </Tooltip>
              <ActionIcon size={28} variant="subtle" onClick={() => onChange(items.filter((_, at) => at !== index))} aria-label={t("build.removeVariable", { name: asText(item.variable) })}>
                <IconTrash size={14} />
              </ActionIcon>
            </Group>
            {open === index && <Details item={item} set={(change) => set(index, change)} />}
          </div>
        ))}
      </Stack>
    </fieldset>
  );
}

function Details({ item, set }: { item: JsonObject; set: (change: JsonObject) => void }) {
  const { t } = useTranslation();
  const type = asText(item.type);
  const isText = type === "text-input" || type === "paragraph";
  return (
    <Stack gap={8} py={8} pl={8} style={{ borderLeft: "2px solid var(--hairline)" }}>
      <TextInput size="xs" label={t("build.variableLabel")} value={asText(item.label)} onChange={(event) => set({ label: event.currentTarget.value })} />
      {type === "select" && <TagsInput size="xs" label={t("build.options")} description={t("build.optionsHint")} value={asList(item.options).map(String)} onChange={(options) => set({ options })} />}
      {isText && <NumberInput size="xs" label={t("build.maxLength")} min={1} value={asText(item.max_length)} onChange={(next) => set({ max_length: next === "" ? null : Number(next) })} />}
      {(isText || type === "select" || type === "number") && <TextInput size="xs" label={t("workflow.fields.default")} value={asText(item.default)} onChange={(event) => set({ default: type === "number" && event.currentTarget.value !== "" ? Number(event.currentTarget.value) : event.currentTarget.value })} />}
      <Checkbox size="xs" label={t("build.required")} checked={item.required === true} onChange={(event) => set({ required: event.currentTarget.checked })} />
    </Stack>
  );
}
