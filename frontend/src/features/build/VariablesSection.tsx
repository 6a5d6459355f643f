/** What the person who uses the app fills in before it answers. */
import { ActionIcon, Button, Group, NumberInput, Paper, Select, Stack, Switch, TagsInput, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Variable, VariableType } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import { useFieldError } from "./Section";

const TYPES: VariableType[] = ["text", "paragraph", "select", "number", "checkbox"];
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function blankVariable(name: string): Variable {
  return { name, label: "", type: "text", required: false, default: "", options: [], max_length: null };
}

export function VariablesSection() {
  const { t } = useTranslation();
  const variables = useDraft((state) => state.draft.variables);
  const edit = useDraft((state) => state.edit);
  const error = useFieldError("variables");
  const change = (index: number, next: Partial<Variable>) =>
    edit({ variables: variables.map((variable, at) => (at === index ? { ...variable, ...next } : variable)) });
  const add = () => {
    let number = variables.length + 1;
    while (variables.some((variable) => variable.name === `variable_${number}`)) number += 1;
    edit({ variables: [...variables, blankVariable(`variable_${number}`)] });
  };
  return (
    <Stack gap="sm">
      {variables.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("build.variablesText", { skipInterpolation: true })}
        </Text>
      )}
      {error && (
        <Text size="sm" c="red" role="alert">
          {error}
        </Text>
      )}
      {variables.map((variable, index) => (
        <VariableCard
          key={index}
          variable={variable}
          taken={variables.some((other, at) => at !== index && other.name === variable.name)}
          onChange={(next) => change(index, next)}
          onRemove={() => edit({ variables: variables.filter((_, at) => at !== index) })}
        />
      ))}
      <Group>
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} />} onClick={add}>
          {t("build.addVariable")}
        </Button>
      </Group>
    </Stack>
  );
}

interface VariableCardProps {
  variable: Variable;
  taken: boolean;
  onChange: (next: Partial<Variable>) => void;
  onRemove: () => void;
}

function VariableCard({ variable, taken, onChange, onRemove }: VariableCardProps) {
  const { t } = useTranslation();
  const nameError = !NAME.test(variable.name) ? t("build.badName") : taken ? t("build.nameTaken") : undefined;
  const typed = variable.type === "text" || variable.type === "paragraph";
  return (
    <Paper p="sm">
      <Stack gap="xs">
        <Group wrap="nowrap" align="flex-start" gap="xs">
          <TextInput label={t("build.variableName")} value={variable.name} onChange={(event) => onChange({ name: event.currentTarget.value })} error={nameError} flex={1} classNames={{ input: "mono" }} />
          <Select
            label={t("build.variableType")}
            data={TYPES.map((value) => ({ value, label: t(`build.types.${value}`) }))}
            value={variable.type}
            onChange={(type) => type && onChange({ type: type as VariableType, default: type === "checkbox" ? false : "" })}
            allowDeselect={false}
            w={140}
          />
          <ActionIcon variant="subtle" color="gray" mt={26} size="lg" onClick={onRemove} aria-label={t("build.removeVariable", { name: variable.name })}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
        <Group wrap="nowrap" align="flex-start" gap="xs">
          <TextInput label={t("build.variableLabel")} placeholder={variable.name} value={variable.label} onChange={(event) => onChange({ label: event.currentTarget.value })} flex={1} />
          {typed && (
            <NumberInput
              label={t("build.maxLength")}
              min={1}
              allowDecimal={false}
              value={variable.max_length ?? ""}
              onChange={(value) => onChange({ max_length: value === "" ? null : Number(value) })}
              w={140}
            />
          )}
        </Group>
        {variable.type === "select" && (
          <TagsInput label={t("build.options")} description={t("build.optionsHint")} value={variable.options} onChange={(options) => onChange({ options })} />
        )}
        <Switch label={t("build.required")} checked={variable.required} onChange={(event) => onChange({ required: event.currentTarget.checked })} />
      </Stack>
    </Paper>
  );
}
