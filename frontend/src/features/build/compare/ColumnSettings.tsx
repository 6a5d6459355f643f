/** A column's own parameters and prompt; what is left empty is that of its draft or version. */
import { Button, Group, NumberInput, SimpleGrid, Stack, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Draft } from "@/shared/api/types";
import { variantOf, withParameter, type Column } from "./columns";

const PARAMETERS = [
  { name: "temperature", max: 2, step: 0.1 },
  { name: "top_p", max: 1, step: 0.05 },
  { name: "max_tokens", max: 1_000_000, step: 1 },
  { name: "seed", max: 2 ** 32 - 1, step: 1 },
] as const;

interface ColumnSettingsProps {
  column: Column;
  base: Draft;
  onChange: (column: Column) => void;
}

export function ColumnSettings({ column, base, onChange }: ColumnSettingsProps) {
  const { t } = useTranslation();
  const { model } = variantOf(column, base);
  const [prompt, setPrompt] = useState(column.prompt ?? base.prompt);
  const keepPrompt = () => onChange({ ...column, prompt: prompt === base.prompt ? undefined : prompt });
  const reset = () => {
    setPrompt(base.prompt);
    onChange({ ...column, model: undefined, parameters: undefined, prompt: undefined });
  };
  return (
    <Stack gap="sm">
      <Textarea
        label={t("build.instructions")}
        value={prompt}
        onChange={(event) => setPrompt(event.currentTarget.value)}
        onBlur={keepPrompt}
        autosize
        minRows={3}
        maxRows={12}
        classNames={{ input: "mono" }}
        spellCheck
        data-autofocus
      />
      <SimpleGrid cols={2} spacing="xs">
        {PARAMETERS.map(({ name, max, step }) => {
          const value = model.parameters[name];
          return (
            <NumberInput
              key={name}
              size="xs"
              label={t(`build.parameters.${name}`)}
              placeholder={t("build.automatic")}
              min={name === "max_tokens" ? 1 : 0}
              max={max}
              step={step}
              allowDecimal={step < 1}
              value={typeof value === "number" ? value : ""}
              onChange={(next) => {
                const number = next === "" ? null : Number(next);
                onChange(withParameter(column, name, number === (base.model.parameters[name] ?? null) ? undefined : number));
              }}
            />
          );
        })}
      </SimpleGrid>
      <Group justify="space-between" wrap="nowrap">
        <Text size="xs" c="dimmed" flex={1}>
          {t("build.columnSettingsHint")}
        </Text>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={reset}>
          {t("build.columnReset")}
        </Button>
      </Group>
    </Stack>
  );
}
