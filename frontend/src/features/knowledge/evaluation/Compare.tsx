/** Settings side by side on one test set: run them, watch, read the table, look into the questions. */
import { Alert, Button, Group, Progress, Select, Stack, Text } from "@mantine/core";
import { IconPlayerPlay, IconScale } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { Evaluation, NamedSettings, TestSet } from "@/shared/api/retrievalTypes";
import { useMay } from "@/shared/api/workspace";
import { EmptyState, ErrorState, Loaded } from "@/shared/ui/states";
import { useAddress } from "../useAddress";
import { MeasuresTable } from "./MeasuresTable";
import { Questions } from "./Questions";
import { isRunning, setsPath, useEvaluation, useEvaluations } from "./queries";
import { SettingsToRun } from "./SettingsToRun";

export function Compare({ dataset, set }: { dataset: Dataset; set: TestSet }) {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const { get, put } = useAddress();
  const [choosing, setChoosing] = useState(false);
  const evaluations = useEvaluations(dataset.id, set.id);
  const list = evaluations.data ?? [];
  const chosen = get("run") || (list[0]?.id ?? "");
  const evaluation = useEvaluation(dataset.id, set.id, chosen);
  const run = useMutation({
    mutationFn: (settings: NamedSettings[]) => api.post<Evaluation>(`${setsPath(dataset.id)}/${set.id}/evaluations`, { settings }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["evaluations", set.id] });
      put({ run: made.id, setting: null });
      setChoosing(false);
    },
  });
  const start = (
    <Button leftSection={<IconPlayerPlay size={16} />} onClick={() => setChoosing(true)} disabled={set.case_count === 0}>
      {t("knowledge.compareSettings")}
    </Button>
  );
  return (
    <Stack>
      {list.length > 0 && (
        <Group gap="xs" justify="space-between">
          <Select
            aria-label={t("knowledge.earlier")}
            data={list.map((each) => ({ value: each.id, label: new Date(each.created_at).toLocaleString(i18n.language, { dateStyle: "medium", timeStyle: "short" }) }))}
            value={chosen}
            onChange={(id) => put({ run: id, setting: null })}
            allowDeselect={false}
            w={{ base: "100%", xs: 240 }}
          />
          {may.edit && start}
        </Group>
      )}
      {evaluations.isError && <ErrorState error={evaluations.error} onRetry={() => void evaluations.refetch()} />}
      {evaluations.data && list.length === 0 && (
        <EmptyState icon={IconScale} title={t("knowledge.compareTitle")} text={t(set.case_count === 0 ? "knowledge.compareNoCases" : "knowledge.compareText")} action={may.edit && start} />
      )}
      {chosen !== "" && <Loaded query={evaluation}>{(loaded) => <Shown dataset={dataset} evaluation={loaded} />}</Loaded>}
      <SettingsToRun dataset={dataset} opened={choosing} busy={run.isPending} error={run.error} onRun={(settings) => run.mutate(settings)} onClose={() => setChoosing(false)} />
    </Stack>
  );
}

function Shown({ dataset, evaluation }: { dataset: Dataset; evaluation: Evaluation }) {
  const { t } = useTranslation();
  const { get, put } = useAddress();
  const index = Number(get("setting") || -1);
  const chosen = evaluation.results[index];
  return (
    <Stack>
      {isRunning(evaluation) && (
        <Stack gap={6} role="status">
          <Text size="sm">{t("knowledge.evaluating", { percent: Math.round(evaluation.progress * 100) })}</Text>
          <Progress value={evaluation.progress * 100} size={6} animated aria-label={t("knowledge.evaluating", { percent: Math.round(evaluation.progress * 100) })} />
        </Stack>
      )}
      {evaluation.status === "failed" && (
        <Alert color="red" variant="light" title={t("knowledge.evaluationFailed")}>
          {evaluation.reason}
        </Alert>
      )}
      {evaluation.results.length > 0 && (
        <>
          <MeasuresTable results={evaluation.results} chosen={index} onChoose={(next) => put({ setting: next === index ? null : String(next) })} />
          {!chosen && (
            <Text size="sm" c="dimmed">
              {t("knowledge.chooseSetting")}
            </Text>
          )}
        </>
      )}
      {chosen && <Questions dataset={dataset} results={evaluation.results} chosen={index} />}
    </Stack>
  );
}
