/** Three steps to a first answer, each done by one click; what is done is read from the server. */
import { Anchor, Button, Group, Paper, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { api } from "@/shared/api/client";
import type { Dataset, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import type { App, Draft } from "@/shared/api/types";
import { uploadFile } from "@/shared/api/upload";
import { useMay, useRoute } from "@/shared/api/workspace";
import { notifyError } from "@/shared/ui/notify";

export function FirstSteps({ apps, datasets }: { apps: App[]; datasets: Dataset[] }) {
  const { t } = useTranslation();
  const may = useMay();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const picker = useRef<HTMLInputElement>(null);
  const app = apps.find((each) => each.mode === "chat") ?? apps[0];
  const dataset = datasets.find((each) => each.document_counts.total > 0);
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ["apps"] }), client.invalidateQueries({ queryKey: ["datasets"] })]);

  const createApp = useMutation({
    mutationFn: () => api.post<App>("/apps", { name: t("home.sample.app"), description: t("home.sample.appText"), mode: "chat" }),
    onSuccess: refresh,
    onError: notifyError,
  });
  const addKnowledge = useMutation({
    mutationFn: async ({ files, question }: { files: File[]; question: string | null }) => {
      const made = datasets[0] ?? (await api.post<Dataset>("/datasets", { name: t("home.sample.dataset") }));
      for (const file of files) await uploadFile<KnowledgeDocument>(`/datasets/${made.id}/documents`, file, () => undefined);
      if (!app) return;
      const draft = await api.get<Draft>(`/apps/${app.id}/draft`);
      await api.put(`/apps/${app.id}/draft`, {
        ...draft,
        datasets: [...new Set([...draft.datasets, made.id])],
        suggested_questions: question ? [question] : draft.suggested_questions,
      });
      client.removeQueries({ queryKey: ["draft", app.id] });
    },
    onSuccess: refresh,
    onError: notifyError,
  });
  const sample = () => new File([t("home.sample.document")], t("home.sample.fileName"), { type: "text/markdown" });
  if (!may.edit) return <Text c="dimmed">{t("home.viewerText")}</Text>;
  return (
    <Stack gap="sm" component="ol" m={0} p={0} style={{ listStyle: "none" }}>
      <Step number={1} done={app !== undefined} title={t("home.steps.app")} text={t("home.steps.appText")}>
        <Button onClick={() => createApp.mutate()} loading={createApp.isPending}>
          {t("home.steps.appAction")}
        </Button>
      </Step>
      <Step number={2} done={dataset !== undefined} waiting={!app} title={t("home.steps.knowledge")} text={t("home.steps.knowledgeText")}>
        <Button onClick={() => addKnowledge.mutate({ files: [sample()], question: t("home.sample.question") })} loading={addKnowledge.isPending} disabled={!app}>
          {t("home.steps.sampleAction")}
        </Button>
        <Button variant="default" onClick={() => picker.current?.click()} disabled={!app || addKnowledge.isPending}>
          {t("home.steps.uploadAction")}
        </Button>
        <input
          ref={picker}
          type="file"
          hidden
          multiple
          accept=".pdf,.txt,.md"
          aria-label={t("home.steps.uploadAction")}
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            if (files.length > 0) addKnowledge.mutate({ files, question: null });
          }}
        />
      </Step>
      <Step number={3} done={false} waiting={!app || !dataset} title={t("home.steps.ask")} text={t("home.steps.askText")}>
        <Button disabled={!app || !dataset} onClick={() => app && void navigate(route(`apps/${app.id}/build?pane=preview`))}>
          {t("home.steps.askAction")}
        </Button>
      </Step>
      <Text component="li" c="dimmed" size="sm" pt={4}>
        {t("home.orTemplate")}{" "}
        <Anchor component={Link} to={route("apps?new=1&from=template")} size="sm">
          {t("home.templates")}
        </Anchor>
      </Text>
    </Stack>
  );
}

interface StepProps {
  number: number;
  done: boolean;
  waiting?: boolean;
  title: string;
  text: string;
  children: ReactNode;
}

function Step({ number, done, waiting = false, title, text, children }: StepProps) {
  const { t } = useTranslation();
  return (
    <Paper component="li" p="lg" style={{ opacity: waiting ? 0.6 : 1 }}>
      <Group align="flex-start" gap="md">
        <ThemeIcon radius="xl" size={32} variant={done ? "filled" : "light"} aria-label={done ? t("home.done") : undefined}>
          {done ? <IconCheck size={18} /> : <Text fw={600}>{number}</Text>}
        </ThemeIcon>
        <Stack gap={4} flex={1} miw={220}>
          <Title order={2}>{title}</Title>
          <Text c="dimmed">{text}</Text>
        </Stack>
        {!done && <Group gap="xs">{children}</Group>}
      </Group>
    </Paper>
  );
}
