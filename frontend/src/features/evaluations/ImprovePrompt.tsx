/** Has a model improve the draft's prompt by what failed, shows the changes, and tries the new draft at once. */
import { Modal, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "@/shared/api/client";
import { refreshApp, useApp } from "@/shared/api/queries";
import type { Draft } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import type { ExperimentDetail } from "@/shared/evaluations/types";
import { AssistDialog } from "@/shared/prompting";
import { notifyError } from "@/shared/ui/notify";
import { Loaded } from "@/shared/ui/states";
import { failuresTold, type CaseRows } from "./experimentModel";

const MAX_TASK_CHARS = 9_000;

interface ImprovePromptProps {
  experiment: ExperimentDetail;
  cases: CaseRows[];
  opened: boolean;
  onClose: () => void;
}

export function ImprovePrompt({ experiment, cases, opened, onClose }: ImprovePromptProps) {
  const { t } = useTranslation();
  const appId = experiment.app.id;
  const draft = useQuery({ queryKey: ["draft-to-improve", appId], queryFn: () => api.get<Draft>(`/apps/${appId}/draft`), enabled: opened, gcTime: 0, staleTime: 0 });
  return (
    <Modal opened={opened} onClose={onClose} title={t("evaluations.improve.title")} size="xl" keepMounted={false}>
      <Loaded query={draft}>{(loaded) => <Improve experiment={experiment} cases={cases} draft={loaded} />}</Loaded>
    </Modal>
  );
}

/** The variant that failed most: of those that are equally bad, the last. */
function worst(experiment: ExperimentDetail, cases: CaseRows[]): number {
  const told = experiment.variants.map((_, at) => failuresTold(cases, at).split("\n\n").filter(Boolean).length);
  return told.lastIndexOf(Math.max(...told));
}

function Improve({ experiment, cases, draft }: { experiment: ExperimentDetail; cases: CaseRows[]; draft: Draft }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const app = useApp(experiment.app.id);
  const use = useMutation({
    mutationFn: async (prompt: string) => {
      await api.put(`/apps/${experiment.app.id}/draft`, { ...draft, prompt });
      const live = app.data?.published_version ?? null;
      return api.post<ExperimentDetail>("/experiments", {
        app_id: experiment.app.id,
        set_id: experiment.test_set?.id,
        evaluator_ids: experiment.evaluators.map((each) => each.id),
        variants: live === null ? [{}] : [{ version: live }, {}],
      });
    },
    onSuccess: async (made) => {
      client.removeQueries({ queryKey: ["draft", experiment.app.id] });
      await Promise.all([refreshApp(client, experiment.app.id), client.invalidateQueries({ queryKey: ["experiments"] }), client.invalidateQueries({ queryKey: ["gate", experiment.app.id] })]);
      await navigate(route(`evaluations/experiments/${made.id}`));
    },
    onError: notifyError,
  });
  const task = t("evaluations.improve.task", { cases: failuresTold(cases, worst(experiment, cases)), skipOnVariables: true, interpolation: { escapeValue: false } }).slice(0, MAX_TASK_CHARS);
  return (
    <>
      <Text size="sm" c="dimmed" mb="md">
        {t("evaluations.improve.text")}
      </Text>
      <AssistDialog model={draft.model.id} prompt={draft.prompt} variables={draft.variables.map((variable) => variable.name)} firstTask={task} onAccept={(prompt) => use.mutate(prompt)} />
    </>
  );
}
