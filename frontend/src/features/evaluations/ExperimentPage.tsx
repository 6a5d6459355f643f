/** One experiment: how far it is, what each variant scored, and every case side by side. */
import { Alert, Button, Group, Progress, Stack, Text } from "@mantine/core";
import { IconArrowLeft, IconPlayerStopFilled } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api } from "@/shared/api/client";
import { useMay, useRoute } from "@/shared/api/workspace";
import type { ExperimentDetail } from "@/shared/evaluations/types";
import { formatCount, formatUsd } from "@/shared/format/numbers";
import { notifyError } from "@/shared/ui/notify";
import { Page } from "@/shared/ui/Page";
import { Loaded } from "@/shared/ui/states";
import { CaseList } from "./CaseList";
import { DeleteButton } from "./DeleteButton";
import { doneOf } from "./experimentModel";
import { ExperimentStatus } from "./Experiments";
import { useExperiment, useExperimentRows } from "./queries";
import { ResultTable } from "./ResultTable";

export function ExperimentPage({ id }: { id: string }) {
  const experiment = useExperiment(id);
  return <Loaded query={experiment}>{(loaded) => <Frame experiment={loaded} />}</Loaded>;
}

function Frame({ experiment }: { experiment: ExperimentDetail }) {
  const { t } = useTranslation();
  const route = useRoute();
  const may = useMay();
  const client = useQueryClient();
  const moving = !experiment.finished_at;
  const rows = useExperimentRows(experiment.id, moving);
  const cancel = useMutation({
    mutationFn: () => api.post<ExperimentDetail>(`/experiments/${experiment.id}/cancel`),
    onSuccess: (next) => client.setQueryData(["experiment", experiment.id], next),
    onError: notifyError,
  });
  return (
    <Page
      title={experiment.name}
      description={
        <Button component={Link} to={route("evaluations/experiments")} size="compact-sm" variant="subtle" color="gray" ml={-8} leftSection={<IconArrowLeft size={15} />}>
          {t("evaluations.experiments.all")}
        </Button>
      }
      actions={
        may.edit &&
        moving && (
          <Button variant="light" color="red" leftSection={<IconPlayerStopFilled size={14} />} loading={cancel.isPending} onClick={() => cancel.mutate()}>
            {t("evaluations.experiments.cancel")}
          </Button>
        )
      }
    >
      <Stack gap="lg">
        <State experiment={experiment} />
        <ResultTable experiment={experiment} />
        <Loaded query={rows}>{(list) => <CaseList experiment={experiment} rows={list} />}</Loaded>
        {may.edit && !moving && <Delete experiment={experiment} />}
      </Stack>
    </Page>
  );
}

function State({ experiment }: { experiment: ExperimentDetail }) {
  const { t, i18n } = useTranslation();
  const route = useRoute();
  const { progress } = experiment;
  const done = doneOf(experiment);
  const cost = Number(progress.cost) + Number(progress.judge_cost);
  const parts = [
    t("evaluations.experiments.done", { done: formatCount(done, i18n.language), total: formatCount(progress.total, i18n.language) }),
    progress.failed > 0 && t("evaluations.experiments.failed", { count: progress.failed }),
    t("evaluations.experiments.tokens", { tokens: formatCount(progress.prompt_tokens + progress.completion_tokens, i18n.language) }),
    progress.judge_tokens > 0 && t("evaluations.experiments.judgeTokens", { tokens: formatCount(progress.judge_tokens, i18n.language) }),
    cost > 0 && formatUsd(cost),
  ].filter(Boolean);
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <ExperimentStatus status={experiment.status} />
        <Text size="sm" component={Link} to={route(`apps/${experiment.app.id}/build`)} c="accent">
          {experiment.app.name}
        </Text>
        {experiment.test_set && (
          <Text size="sm" component={Link} to={route(`evaluations/sets/${experiment.test_set.id}`)} c="accent">
            {experiment.test_set.name}
          </Text>
        )}
        <Text size="sm" c="dimmed" className="numbers">
          {parts.join(" · ")}
        </Text>
      </Group>
      {!experiment.finished_at && <Progress value={(100 * done) / Math.max(1, progress.total)} size={4} aria-label={t("evaluations.experiments.progress")} />}
      {experiment.reason && (
        <Alert variant="light" color="yellow" role="status">
          {experiment.reason}
        </Alert>
      )}
    </Stack>
  );
}

function Delete({ experiment }: { experiment: ExperimentDetail }) {
  const { t } = useTranslation();
  return (
    <DeleteButton
      label={t("evaluations.experiments.delete")}
      text={t("evaluations.experiments.deleteText", { name: experiment.name })}
      remove={() => api.delete(`/experiments/${experiment.id}`)}
      list="evaluations/experiments"
      oneKey={["experiment", experiment.id]}
      listKey={["experiments"]}
    />
  );
}
