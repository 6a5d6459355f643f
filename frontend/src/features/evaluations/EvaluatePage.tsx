/** The app's tab "Evaluate": what it demands before it is published, where the draft stands, and its experiments. */
import { Button, MultiSelect, Paper, Select, Stack, Switch, Text, Title } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { api } from "@/shared/api/client";
import { useMay } from "@/shared/api/workspace";
import { useDraft } from "@/shared/draft/DraftContext";
import { GateStanding } from "@/shared/evaluations/GateStanding";
import { useEvaluators, useGate, useTestSets } from "@/shared/evaluations/queries";
import type { Gate } from "@/shared/evaluations/types";
import { notifyDone } from "@/shared/ui/notify";
import { Page } from "@/shared/ui/Page";
import { ErrorState, Loaded } from "@/shared/ui/states";
import { Experiments } from "./Experiments";
import { NewExperiment } from "./NewExperiment";

export function EvaluatePage() {
  const { t } = useTranslation();
  const { appId = "" } = useParams();
  const may = useMay();
  const gate = useGate(appId);
  const flush = useDraft((state) => state.flush);
  const [adding, setAdding] = useState(false);
  const add = may.edit && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
      {t("evaluations.new.experiments")}
    </Button>
  );
  return (
    <Page title={t("evaluations.appTitle")} description={t("evaluations.appText")} maw={960} actions={add}>
      <Stack gap="lg">
        <Loaded query={gate}>
          {(loaded) => (
            <>
              <GateStanding appId={appId} gate={loaded} before={flush} />
              <GateForm key={`${loaded.set_id}-${loaded.is_on}`} appId={appId} gate={loaded} />
            </>
          )}
        </Loaded>
        <Title order={2}>{t("evaluations.sections.experiments")}</Title>
        <Experiments appId={appId} />
      </Stack>
      <NewExperiment opened={adding} onClose={() => setAdding(false)} appId={appId} />
    </Page>
  );
}

function GateForm({ appId, gate }: { appId: string; gate: Gate }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const sets = useTestSets();
  const evaluators = useEvaluators();
  const [isOn, setIsOn] = useState(gate.is_on);
  const [setId, setSetId] = useState(gate.set_id);
  const [judges, setJudges] = useState(gate.evaluator_ids);
  const save = useMutation({
    mutationFn: () => api.put<Gate>(`/apps/${appId}/gate`, { is_on: isOn, set_id: setId, evaluator_ids: judges }),
    onSuccess: (next) => {
      client.setQueryData(["gate", appId], next);
      notifyDone(t("evaluations.gate.saved"));
    },
  });
  const isSame = isOn === gate.is_on && setId === gate.set_id && judges.join() === gate.evaluator_ids.join();
  return (
    <Paper withBorder p="md" component="section" aria-label={t("evaluations.gate.title")}>
      <Stack component="form" onSubmit={(event) => (event.preventDefault(), save.mutate())}>
        <div>
          <Text fw={600}>{t("evaluations.gate.title")}</Text>
          <Text size="sm" c="dimmed">
            {t("evaluations.gate.text")}
          </Text>
        </div>
        <Switch label={t("evaluations.gate.isOn")} checked={isOn} disabled={!may.administer} onChange={(event) => setIsOn(event.currentTarget.checked)} />
        <Select
          label={t("evaluations.testSet")}
          data={(sets.data ?? []).filter((set) => !set.app_id || set.app_id === appId).map((set) => ({ value: set.id, label: `${set.name} · ${t("evaluations.sets.cases", { count: set.case_count })}` }))}
          value={setId}
          onChange={setSetId}
          disabled={!may.administer}
          searchable
        />
        <MultiSelect label={t("evaluations.sections.evaluators")} data={(evaluators.data ?? []).map((each) => ({ value: each.id, label: each.name }))} value={judges} onChange={setJudges} disabled={!may.administer} />
        {save.isError && <ErrorState error={save.error} />}
        {may.administer && (
          <Button type="submit" w="fit-content" loading={save.isPending} disabled={isSame || !setId || judges.length === 0}>
            {t("evaluations.gate.save")}
          </Button>
        )}
      </Stack>
    </Paper>
  );
}
