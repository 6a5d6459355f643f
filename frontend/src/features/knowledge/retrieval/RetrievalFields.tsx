/** The settings of a search; those that do nothing in the chosen mode are not shown. */
import { Group, NumberInput, SegmentedControl, Select, SimpleGrid, Slider, Stack, Switch, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { RetrievalSettings, SearchMode } from "@/shared/api/retrievalTypes";
import { ModelSelect } from "../ModelSelect";

const MODES: SearchMode[] = ["semantic", "full_text", "hybrid"];
const FUSIONS = ["auto", "rrf", "weighted"] as const;
const DEFAULT_THRESHOLD = 0.3;
const DEFAULT_LAMBDA = 0.7;

interface RetrievalFieldsProps {
  value: RetrievalSettings;
  onChange: (change: Partial<RetrievalSettings>) => void;
  disabled?: boolean;
}

export function RetrievalFields({ value, onChange, disabled = false }: RetrievalFieldsProps) {
  const { t } = useTranslation();
  const number = (name: "top_k" | "candidates" | "neighbours" | "rerank_deadline_ms", min: number, max: number) => ({
    label: t(`knowledge.settings.${name}`),
    description: t(`knowledge.settingHints.${name}`),
    min,
    max,
    allowDecimal: false,
    disabled,
    value: value[name],
    onChange: (next: number | string) => next !== "" && onChange({ [name]: Number(next) }),
  });
  const needsModel = value.rewrite || value.model_filter;
  return (
    <Stack gap="md">
      <Stack gap={4}>
        <Text size="sm" fw={500}>
          {t("knowledge.settings.mode")}
        </Text>
        <SegmentedControl aria-label={t("knowledge.settings.mode")} disabled={disabled} data={MODES.map((mode) => ({ value: mode, label: t(`knowledge.searchModes.${mode}`) }))} value={value.mode} onChange={(mode) => onChange({ mode })} />
        <Text size="xs" c="dimmed">
          {t(`knowledge.searchModeHints.${value.mode}`)}
        </Text>
      </Stack>
      <SimpleGrid cols={{ base: 1, xs: 2 }} verticalSpacing="sm" style={{ alignItems: "end" }}>
        <NumberInput {...number("top_k", 1, 100)} />
        <NumberInput {...number("candidates", 1, 1000)} />
        <NumberInput {...number("neighbours", 0, 10)} />
        {value.mode === "hybrid" && (
          <Select
            label={t("knowledge.settings.fusion")}
            description={t(`knowledge.fusionHints.${value.fusion}`)}
            disabled={disabled}
            allowDeselect={false}
            data={FUSIONS.map((fusion) => ({ value: fusion, label: t(`knowledge.fusions.${fusion}`) }))}
            value={value.fusion}
            onChange={(fusion) => fusion && onChange({ fusion: fusion as RetrievalSettings["fusion"] })}
          />
        )}
      </SimpleGrid>
      {value.mode === "hybrid" && value.fusion === "weighted" && (
        <Fraction label={t("knowledge.settings.semantic_weight")} hint={t("knowledge.settingHints.semantic_weight")} value={value.semantic_weight} disabled={disabled} onChange={(semantic_weight) => onChange({ semantic_weight })} />
      )}
      <Switchable label={t("knowledge.settings.score_threshold")} hint={t("knowledge.settingHints.score_threshold")} checked={value.score_threshold !== null} disabled={disabled} onChange={(on) => onChange({ score_threshold: on ? DEFAULT_THRESHOLD : null })}>
        <Fraction label={t("knowledge.settings.score_threshold")} value={value.score_threshold ?? 0} disabled={disabled} onChange={(score_threshold) => onChange({ score_threshold })} isBare />
      </Switchable>
      <Switchable label={t("knowledge.settings.rerank")} hint={t("knowledge.settingHints.rerank")} checked={value.rerank} disabled={disabled} onChange={(rerank) => onChange({ rerank })}>
        <NumberInput {...number("rerank_deadline_ms", 50, 60_000)} step={100} maw={260} />
      </Switchable>
      <Switchable label={t("knowledge.settings.mmr_lambda")} hint={t("knowledge.settingHints.mmr_lambda")} checked={value.mmr_lambda !== null} disabled={disabled} onChange={(on) => onChange({ mmr_lambda: on ? DEFAULT_LAMBDA : null })}>
        <Fraction label={t("knowledge.settings.mmr_lambda")} value={value.mmr_lambda ?? 0} disabled={disabled} onChange={(mmr_lambda) => onChange({ mmr_lambda })} isBare />
      </Switchable>
      <Switchable label={t("knowledge.settings.rewrite")} hint={t("knowledge.settingHints.rewrite")} checked={value.rewrite} disabled={disabled} onChange={(rewrite) => onChange({ rewrite })} />
      <Switchable label={t("knowledge.settings.model_filter")} hint={t("knowledge.settingHints.model_filter")} checked={value.model_filter} disabled={disabled} onChange={(model_filter) => onChange({ model_filter })} />
      {needsModel && (
        <ModelSelect kind="chat" label={t("knowledge.settings.model")} description={t("knowledge.settingHints.model")} error={value.model === "" && t("knowledge.chooseModel")} disabled={disabled} value={value.model} onChange={(model) => onChange({ model })} />
      )}
    </Stack>
  );
}

interface SwitchableProps {
  label: string;
  hint: string;
  checked: boolean;
  disabled: boolean;
  onChange: (on: boolean) => void;
  children?: ReactNode;
}

function Switchable({ label, hint, checked, disabled, onChange, children }: SwitchableProps) {
  return (
    <Stack gap="xs">
      <Switch label={label} description={hint} checked={checked} disabled={disabled} onChange={(event) => onChange(event.currentTarget.checked)} />
      {checked && children && <div style={{ paddingLeft: 48 }}>{children}</div>}
    </Stack>
  );
}

interface FractionProps {
  label: string;
  hint?: string;
  value: number;
  disabled: boolean;
  onChange: (value: number) => void;
  isBare?: boolean;
}

function Fraction({ label, hint, value, disabled, onChange, isBare = false }: FractionProps) {
  return (
    <Stack gap={4} maw={420}>
      {!isBare && (
        <Text size="sm" fw={500}>
          {label}
        </Text>
      )}
      <Group gap="md" wrap="nowrap">
        <Slider flex={1} size="sm" min={0} max={1} step={0.01} value={value} onChange={onChange} disabled={disabled} label={null} thumbLabel={label} />
        <Text size="sm" c="dimmed" className="numbers" w={36} ta="right">
          {value.toFixed(2)}
        </Text>
      </Group>
      {hint && (
        <Text size="xs" c="dimmed">
          {hint}
        </Text>
      )}
    </Stack>
  );
}
