/** What the person who uses the app fills in before it answers. */
import { ActionIcon, Button, Group, NumberInput, Paper, Select, Stack, Switch, TagsInput, Text, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Variable, VariableType } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import classes from "./build.module.css";
import { VariableInput } from "./preview/VariableInputs";
import { RenameField } from "./RenameField";
import { useFieldError } from "./Section";
import { blankVariable, isFileType, MAX_FILES, nextName, retyped, TYPES } from "./variableModel";

export function VariablesSection() {
  const { t } = useTranslation();
  const variables = useDraft((state) => state.draft.variables);
  const edit = useDraft((state) => state.edit);
  const error = useFieldError("variables");
  const change = (index: number, next: Partial<Variable>) =>
    edit({ variables: variables.map((variable, at) => (at === index ? { ...variable, ...next } : variable)) });
  const swap = (index: number) => {
    const next = [...variables];
    const [upper, lower] = [next[index], next[index + 1]];
    if (!upper || !lower) return;
    [next[index], next[index + 1]] = [lower, upper];
    edit({ variables: next });
  };
  return (
    <Stack gap="sm">
      {variables.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("build.variablesText", { skipInterpolation: true })}
        </Text>
      )}
      {error && (
        <Text size="sm" c="var(--danger-text)" role="alert">
          {error}
        </Text>
      )}
      {variables.map((variable, index) => (
        <VariableCard
          key={index}
          variable={variable}
          others={variables.filter((_, at) => at !== index).map((other) => other.name)}
          onChange={(next) => change(index, next)}
          onRemove={() => edit({ variables: variables.filter((_, at) => at !== index) })}
          onUp={index > 0 ? () => swap(index - 1) : undefined}
          onDown={index < variables.length - 1 ? () => swap(index) : undefined}
        />
      ))}
      <Group>
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} />} onClick={() => edit({ variables: [...variables, blankVariable(nextName(variables))] })}>
          {t("build.addVariable")}
        </Button>
      </Group>
    </Stack>
  );
}

interface VariableCardProps {
  variable: Variable;
  others: string[];
  onChange: (next: Partial<Variable>) => void;
  onRemove: () => void;
  onUp?: () => void;
  onDown?: () => void;
}

function VariableCard({ variable, others, onChange, onRemove, onUp, onDown }: VariableCardProps) {
  const { t } = useTranslation();
  const typed = variable.type === "text" || variable.type === "paragraph";
  const several = variable.type === "file-list";
  return (
    <Paper p="sm">
      <Stack gap="xs">
        <Group wrap="nowrap" align="flex-start" gap="xs">
          <RenameField variable={variable} others={others} />
          <Select
            label={t("build.variableType")}
            data={TYPES.map((value) => ({ value, label: t(`build.types.${value}`) }))}
            value={variable.type}
            onChange={(type) => type && onChange(retyped(variable, type as VariableType))}
            allowDeselect={false}
            w={140}
          />
        </Group>
        <Group wrap="nowrap" align="flex-start" gap="xs">
          <TextInput label={t("build.variableLabel")} placeholder={variable.name} value={variable.label} onChange={(event) => onChange({ label: event.currentTarget.value })} flex={1} />
          {(typed || several) && (
            <NumberInput
              label={t(several ? "build.maxFiles" : "build.maxLength")}
              min={1}
              max={several ? MAX_FILES : undefined}
              allowDecimal={false}
              value={variable.max_length ?? ""}
              onChange={(value) => onChange({ max_length: value === "" ? null : Number(value) })}
              w={140}
            />
          )}
        </Group>
        {variable.type === "select" && (
          <TagsInput
            label={t("build.options")}
            description={t("build.optionsHint")}
            value={variable.options}
            onChange={(options) => onChange({ options, default: options.includes(String(variable.default)) ? variable.default : "" })}
            error={variable.options.length === 0 ? t("build.optionsMissing") : undefined}
          />
        )}
        {isFileType(variable.type) ? (
          <Text size="xs" c="dimmed">
            {t("build.fileHint", { skipInterpolation: true })}
          </Text>
        ) : (
          <VariableInput
            variable={{ ...variable, label: t("build.variableDefault"), required: false }}
            value={variable.default ?? ""}
            onChange={(value) => onChange({ default: value === "" && variable.type === "number" ? null : value })}
          />
        )}
        <Group justify="space-between" wrap="nowrap">
          {variable.type === "checkbox" ? <span /> : <Switch label={t("build.required")} checked={variable.required} onChange={(event) => onChange({ required: event.currentTarget.checked })} />}
          <Group gap={2} wrap="nowrap">
            <ActionIcon variant="subtle" className={classes.quiet} onClick={onUp} disabled={!onUp} aria-label={t("build.moveUp", { name: variable.name })}>
              <IconArrowUp size={16} />
            </ActionIcon>
            <ActionIcon variant="subtle" className={classes.quiet} onClick={onDown} disabled={!onDown} aria-label={t("build.moveDown", { name: variable.name })}>
              <IconArrowDown size={16} />
            </ActionIcon>
            <ActionIcon variant="subtle" onClick={onRemove} aria-label={t("build.removeVariable", { name: variable.name })}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        </Group>
      </Stack>
    </Paper>
  );
}
