/** The fields that say how documents are cut; those that don't matter for the chosen way are not shown. */
import { NumberInput, SegmentedControl, SimpleGrid, Stack, Switch, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ChunkSettings, ParentMode } from "@/shared/api/knowledgeTypes";
import { ModeChoice } from "../ModeChoice";
import { ModelSelect } from "../ModelSelect";
import { problemOf } from "./chunkSettings";

const PARENT_MODES: ParentMode[] = ["paragraph", "document"];

interface ChunkFieldsProps {
  value: ChunkSettings;
  onChange: (change: Partial<ChunkSettings>) => void;
  disabled: boolean;
}

export function ChunkFields({ value, onChange, disabled }: ChunkFieldsProps) {
  const { t } = useTranslation();
  const children = value.chunk_mode === "parent_child";
  const problem = problemOf(value);
  const number = (name: "chunk_tokens" | "chunk_overlap_tokens" | "parent_tokens", min: number, max: number) => ({
    min,
    max,
    step: 10,
    allowDecimal: false,
    disabled,
    value: value[name],
    onChange: (next: number | string) => next !== "" && onChange({ [name]: Number(next) }),
  });
  return (
    <Stack>
      <ModeChoice value={value.chunk_mode} onChange={(chunk_mode) => onChange({ chunk_mode })} disabled={disabled} />
      {children && (
        <Stack gap={4}>
          <Text size="sm" fw={500}>
            {t("knowledge.parents")}
          </Text>
          <SegmentedControl disabled={disabled} aria-label={t("knowledge.parents")} data={PARENT_MODES.map((mode) => ({ value: mode, label: t(`knowledge.parentModes.${mode}`) }))} value={value.parent_mode} onChange={(parent_mode) => onChange({ parent_mode })} />
        </Stack>
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput label={t(children ? "knowledge.childTokens" : "knowledge.chunkTokens")} {...number("chunk_tokens", 16, 8192)} error={problem === "tooShort" && t("knowledge.problems.tooShort")} />
        <NumberInput label={t("knowledge.overlapTokens")} {...number("chunk_overlap_tokens", 0, 4096)} error={problem === "overlapTooLong" && t("knowledge.problems.overlapTooLong")} />
        {children && value.parent_mode === "paragraph" && <NumberInput label={t("knowledge.parentTokens")} {...number("parent_tokens", 16, 8192)} error={problem === "parentTooShort" && t("knowledge.problems.parentTooShort")} />}
        {value.chunk_mode !== "qa" && (
          <TextInput label={t("knowledge.separator")} placeholder={t("knowledge.none")} maxLength={100} disabled={disabled} value={value.chunk_separator} onChange={(event) => onChange({ chunk_separator: event.currentTarget.value })} classNames={{ input: "mono" }} />
        )}
      </SimpleGrid>
      {value.chunk_mode === "qa" && (
        <ModelSelect kind="chat" label={t("knowledge.qaModel")} description={t("knowledge.qaModelHint")} placeholder={t("knowledge.none")} clearable disabled={disabled} value={value.qa_model} onChange={(qa_model) => onChange({ qa_model })} />
      )}
      <Stack gap="xs">
        <Text size="sm" fw={500}>
          {t("knowledge.cleaning")}
        </Text>
        <Switch label={t("knowledge.cleanWhitespace")} checked={value.clean_whitespace} disabled={disabled} onChange={(event) => onChange({ clean_whitespace: event.currentTarget.checked })} />
        <Switch label={t("knowledge.removeUrlsEmails")} checked={value.remove_urls_emails} disabled={disabled} onChange={(event) => onChange({ remove_urls_emails: event.currentTarget.checked })} />
      </Stack>
    </Stack>
  );
}
