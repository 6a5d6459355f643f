/** A new experiment: an app, a test set, evaluators, and the variants that are compared. */
import { ActionIcon, Button, Group, Modal, MultiSelect, NumberInput, Paper, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "@/shared/api/client";
import { useApps } from "@/shared/api/queries";
import { isGraphMode } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { useVersions } from "@/shared/draft/useVersions";
import { useEvaluators, useTestSets } from "@/shared/evaluations/queries";
import type { ExperimentDetail } from "@/shared/evaluations/types";
import { FormButtons } from "@/shared/ui/FormButtons";
import { ErrorState } from "@/shared/ui/states";
import { ModelField } from "./ModelField";
import { MAX_VARIANTS, variantsAsked, type VariantDraft } from "./variants";

const DRAFT = "draft";

export function NewExperiment({ opened, onClose, appId }: { opened: boolean; onClose: () => void; appId?: string }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("evaluations.new.experiments")} size="lg">
      <Form onClose={onClose} appId={appId} />
    </Modal>
  );
}

function Form({ onClose, appId: given }: { onClose: () => void; appId?: string }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const apps = useApps();
  const sets = useTestSets();
  const evaluators = useEvaluators();
  const [appId, setAppId] = useState<string | null>(given ?? null);
  const [setId, setSetId] = useState<string | null>(null);
  const [judges, setJudges] = useState<string[]>([]);
  const [variants, setVariants] = useState<VariantDraft[]>([{ key: 1, version: null, model: "", prompt: "" }]);
  const [tokens, setTokens] = useState<number | string>("");
  const app = apps.data?.find((each) => each.id === appId);
  const start = useMutation({
    mutationFn: () =>
      api.post<ExperimentDetail>("/experiments", { app_id: appId, set_id: setId, evaluator_ids: judges, variants: variantsAsked(variants), budget_tokens: tokens === "" ? null : Number(tokens) }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["experiments"] });
      onClose();
      await navigate(route(`evaluations/experiments/${made.id}`));
    },
  });
  const change = (key: number, changes: Partial<VariantDraft>) => setVariants(variants.map((each) => (each.key === key ? { ...each, ...changes } : each)));
  return (
    <Stack component="form" onSubmit={(event) => (event.preventDefault(), start.mutate())}>
      {!given && <Select label={t("evaluations.app")} data={(apps.data ?? []).map((each) => ({ value: each.id, label: each.name }))} value={appId} onChange={setAppId} required searchable />}
      <Select
        label={t("evaluations.testSet")}
        data={(sets.data ?? []).filter((set) => !set.app_id || set.app_id === appId).map((set) => ({ value: set.id, label: `${set.name} · ${t("evaluations.sets.cases", { count: set.case_count })}` }))}
        value={setId}
        onChange={setSetId}
        required
        searchable
      />
      <MultiSelect label={t("evaluations.sections.evaluators")} data={(evaluators.data ?? []).map((each) => ({ value: each.id, label: each.name }))} value={judges} onChange={setJudges} required />
      <Text size="sm" fw={500}>
        {t("evaluations.variants.title")}
      </Text>
      {variants.map((variant, at) => (
        <VariantFields key={variant.key} variant={variant} at={at} appId={appId} isGraph={app ? isGraphMode(app.mode) : false} onChange={(changes) => change(variant.key, changes)} onRemove={variants.length > 1 ? () => setVariants(variants.filter((each) => each.key !== variant.key)) : undefined} />
      ))}
      {variants.length < MAX_VARIANTS && (
        <Button variant="default" size="xs" w="fit-content" leftSection={<IconPlus size={14} />} onClick={() => setVariants([...variants, { key: Math.max(...variants.map((each) => each.key)) + 1, version: null, model: "", prompt: "" }])}>
          {t("evaluations.variants.add")}
        </Button>
      )}
      <NumberInput label={t("evaluations.budget")} description={t("evaluations.budgetHint")} min={1} value={tokens} onChange={setTokens} thousandSeparator="," />
      {start.isError && <ErrorState error={start.error} />}
      <FormButtons onClose={onClose} busy={start.isPending} disabled={!appId || !setId || judges.length === 0} label={t("evaluations.start")} />
    </Stack>
  );
}

interface VariantFieldsProps {
  variant: VariantDraft;
  at: number;
  appId: string | null;
  isGraph: boolean;
  onChange: (changes: Partial<VariantDraft>) => void;
  onRemove?: () => void;
}

function VariantFields({ variant, at, appId, isGraph, onChange, onRemove }: VariantFieldsProps) {
  const { t } = useTranslation();
  const versions = useVersions(appId ?? "", appId !== null);
  const data = [{ value: DRAFT, label: t("evaluations.variants.draft") }, ...(versions.data ?? []).map((each) => ({ value: String(each.number), label: t("evaluations.variants.version", { number: each.number }) }))];
  const name = at === 0 ? t("evaluations.variants.first") : t("evaluations.variants.nth", { number: at + 1 });
  return (
    <Paper p="sm" withBorder component="fieldset" m={0} aria-label={name}>
      <Stack gap="xs">
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <Select label={name} data={data} value={variant.version === null ? DRAFT : String(variant.version)} onChange={(value) => onChange({ version: value === DRAFT ? null : Number(value) })} allowDeselect={false} flex={1} />
          {onRemove && (
            <ActionIcon variant="subtle" color="gray" mb={6} onClick={onRemove} aria-label={t("evaluations.variants.remove", { name })}>
              <IconTrash size={16} />
            </ActionIcon>
          )}
        </Group>
        {!isGraph && (
          <>
            <ModelField kind="chat" label={t("evaluations.variants.model")} placeholder={t("evaluations.variants.same")} value={variant.model} onChange={(model) => onChange({ model })} clearable />
            <Textarea label={t("evaluations.variants.prompt")} placeholder={t("evaluations.variants.same")} autosize maxRows={8} value={variant.prompt} onChange={(event) => onChange({ prompt: event.currentTarget.value })} classNames={{ input: "mono" }} />
          </>
        )}
        {(variant.model || variant.prompt) && <TextInput label={t("evaluations.variants.label")} value={variant.label ?? ""} onChange={(event) => onChange({ label: event.currentTarget.value })} maxLength={80} />}
      </Stack>
    </Paper>
  );
}
