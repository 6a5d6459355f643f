/** Conditions: what is compared, how, and with what; the ways to compare follow from the type of what is compared. */
import { ActionIcon, Button, Group, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Json, JsonObject } from "@/shared/api/types";
import type workflow from "@/shared/i18n/locales/en/workflow.json";
import classes from "../builder.module.css";
import { itemsOf } from "../graph/handles";
import { useBuilder } from "../store/BuilderContext";
import { asText, type FieldProps } from "./field";
import { VariableSelect } from "./VariableSelect";

type Operator = keyof typeof workflow.operators;

const TEXT = ["contains", "not contains", "start with", "end with", "is", "is not", "in", "not in", "empty", "not empty"];
const NUMBER = ["=", "≠", ">", "<", "≥", "≤", "null", "not null"];
const OPERATORS: Record<string, string[]> = {
  string: TEXT,
  number: NUMBER,
  boolean: ["is", "is not", "null", "not null"],
  object: ["empty", "not empty", "null", "not null"],
  file: ["exists", "not exists"],
  array: ["contains", "not contains", "empty", "not empty"],
  any: [...TEXT, ...NUMBER],
};
const ALONE = new Set(["empty", "not empty", "null", "not null", "exists", "not exists"]);
const operatorsFor = (type: string): string[] => OPERATORS[type.startsWith("array") ? "array" : type] ?? OPERATORS.any ?? [];

export function useOperatorWord() {
  const { t } = useTranslation();
  return (operator: string) => t(`workflow.operators.${operator as Operator}`, { defaultValue: operator });
}

interface ConditionListProps {
  nodeId: string;
  operator: string;
  conditions: Json | undefined;
  onChange: (change: { logical_operator?: string; conditions?: JsonObject[] }) => void;
}

export function ConditionList({ nodeId, operator, conditions, onChange }: ConditionListProps) {
  const { t } = useTranslation();
  const word = useOperatorWord();
  const items = itemsOf(conditions);
  const set = (index: number, change: JsonObject) => onChange({ conditions: items.map((item, at) => (at === index ? { ...item, ...change } : item)) });
  return (
    <Stack gap={8}>
      {items.length > 1 && (
        <SegmentedControl
          size="xs"
          aria-label={t("workflow.join")}
          value={operator || "and"}
          onChange={(logical_operator) => onChange({ logical_operator })}
          data={[
            { value: "and", label: t("workflow.all") },
            { value: "or", label: t("workflow.any") },
          ]}
        />
      )}
      {items.map((item, index) => {
        const type = asText(item.varType) || "any";
        const comparison = asText(item.comparison_operator);
        return (
          <Stack key={index} gap={4}>
            <Group gap={6} wrap="nowrap" align="flex-start">
              <div style={{ flex: 1, minWidth: 0 }}>
                <VariableSelect
                  nodeId={nodeId}
                  value={item.variable_selector}
                  onChange={(variable_selector, variable) => {
                    const varType = variable?.type ?? "any";
                    const kept = operatorsFor(varType).includes(comparison) ? comparison : (operatorsFor(varType)[0] ?? "is");
                    set(index, { variable_selector, varType, comparison_operator: kept });
                  }}
                />
              </div>
              <ActionIcon size={28} variant="subtle" onClick={() => onChange({ conditions: items.filter((_, at) => at !== index) })} aria-label={t("workflow.removeRow", { number: index + 1 })}>
                <IconTrash size={14} />
              </ActionIcon>
            </Group>
            <Group gap={6} wrap="nowrap" pr={34}>
              <Select
                size="xs"
                w={140}
                style={{ flex: "none" }}
                aria-label={t("workflow.comparison")}
                data={[...new Set([...operatorsFor(type), comparison])].filter(Boolean).map((value) => ({ value, label: word(value) }))}
                value={comparison || null}
                allowDeselect={false}
                onChange={(next) => next && set(index, { comparison_operator: next })}
              />
              {!ALONE.has(comparison) && (
                <TextInput size="xs" flex={1} aria-label={t("workflow.fields.value")} placeholder={t("workflow.fields.value")} value={asText(item.value)} onChange={(event) => set(index, { value: event.currentTarget.value })} />
              )}
            </Group>
          </Stack>
        );
      })}
      <Group>
        <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={13} />} onClick={() => onChange({ conditions: [...items, { id: crypto.randomUUID(), variable_selector: [], comparison_operator: "contains", value: "", varType: "string" }] })}>
          {t("workflow.addCondition")}
        </Button>
      </Group>
    </Stack>
  );
}

/** The cases of a branch, tried in order. */
export function Cases({ node, value, onChange }: FieldProps) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const cases = itemsOf(value);
  const set = (index: number, change: JsonObject) => onChange(cases.map((each, at) => (at === index ? { ...each, ...change } : each)));
  return (
    <Stack gap="sm">
      {cases.map((each, index) => {
        const name = index === 0 ? t("workflow.branches.if") : t("workflow.branches.elif", { number: index });
        return (
          <fieldset key={asText(each.case_id)} className={classes.fieldset} aria-label={name} disabled={!editable}>
            <Group justify="space-between" mb={6}>
              <Text size="sm" fw={500}>
                {name}
              </Text>
              {cases.length > 1 && (
                <ActionIcon size={24} variant="subtle" onClick={() => onChange(cases.filter((_, at) => at !== index))} aria-label={t("workflow.removeRow", { number: index + 1 })}>
                  <IconTrash size={14} />
                </ActionIcon>
              )}
            </Group>
            <ConditionList nodeId={node.id} operator={asText(each.logical_operator)} conditions={each.conditions} onChange={(change) => set(index, change)} />
          </fieldset>
        );
      })}
      <Group>
        <Button size="xs" variant="default" disabled={!editable} leftSection={<IconPlus size={14} />} onClick={() => onChange([...cases, { case_id: cases.length === 0 ? "true" : crypto.randomUUID(), logical_operator: "and", conditions: [] }])}>
          {t("workflow.addCase")}
        </Button>
      </Group>
    </Stack>
  );
}

export function BreakConditions({ node, label, value, onPatch }: FieldProps) {
  return (
    <fieldset className={classes.fieldset} aria-label={label}>
      <Text size="sm" fw={500} mb={6}>
        {label}
      </Text>
      <ConditionList
        nodeId={node.id}
        operator={asText(node.data.logical_operator)}
        conditions={value}
        onChange={({ logical_operator, conditions }) => onPatch({ ...(logical_operator ? { logical_operator } : {}), ...(conditions ? { break_conditions: conditions } : {}) })}
      />
    </fieldset>
  );
}
