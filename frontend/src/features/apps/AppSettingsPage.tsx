/** Name and description of an app, the way to its limits, and its end. */
import { Button, Group, Paper, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { api, ApiError } from "@/shared/api/client";
import { refreshApp, useApp } from "@/shared/api/queries";
import type { App, AppKey, Conversation, Page as ApiPage, Version } from "@/shared/api/types";
import { useMay, useRoute } from "@/shared/api/workspace";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { Page } from "@/shared/ui/Page";
import { Loaded } from "@/shared/ui/states";

export function AppSettingsPage() {
  const { t } = useTranslation();
  const { appId = "" } = useParams();
  const app = useApp(appId);
  return (
    <Page title={t("apps.tabs.settings")} maw={720}>
      <Loaded query={app}>
        {(loaded) => (
          <Stack gap="lg">
            <Rename app={loaded} />
            <Limits app={loaded} />
            <Remove app={loaded} />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function Rename({ app }: { app: App }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: app.name, description: app.description } });
  const save = useMutation({
    mutationFn: (values: typeof form.values) => api.patch<App>(`/apps/${app.id}`, values),
    onSuccess: async () => {
      await refreshApp(client, app.id);
      notifyDone(t("common.savedDone"));
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
      notifyError(reason);
    },
  });
  return (
    <Paper p="lg" component="form" onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack>
        <TextInput label={t("apps.name")} required maxLength={200} disabled={!may.edit} {...form.getInputProps("name")} />
        <Textarea label={t("apps.descriptionLabel")} autosize minRows={2} disabled={!may.edit} {...form.getInputProps("description")} />
        {may.edit && (
          <Group>
            <Button type="submit" loading={save.isPending}>
              {t("common.save")}
            </Button>
          </Group>
        )}
      </Stack>
    </Paper>
  );
}

/** Where its limits are set, among those of the workspace. */
function Limits({ app }: { app: App }) {
  const { t } = useTranslation();
  const route = useRoute();
  return (
    <Paper p="lg">
      <Group justify="space-between">
        <Stack gap={2} flex={1} miw={200}>
          <Title order={3}>{t("limits.ofApp")}</Title>
          <Text size="sm" c="dimmed">
            {t("limits.ofAppText")}
          </Text>
        </Stack>
        <Button variant="default" component={Link} to={route(`settings/limits?app=${app.id}`)}>
          {t("limits.ofAppOpen")}
        </Button>
      </Group>
    </Paper>
  );
}

/** Counts what dies with the app; "100+" where a list goes on. */
function useDeletionCounts(appId: string, enabled: boolean) {
  const count = async <T,>(noun: string) => {
    const page = await api.get<ApiPage<T>>(`/apps/${appId}/${noun}`, { limit: 100 });
    return page.next ? "100+" : String(page.results.length);
  };
  return useQuery({
    queryKey: ["app-deletion", appId],
    queryFn: async () => ({
      versions: await count<Version>("versions"),
      keys: await count<AppKey>("keys"),
      conversations: await count<Conversation>("conversations"),
    }),
    enabled,
  });
}

function Remove({ app }: { app: App }) {
  const { t } = useTranslation();
  const may = useMay();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const counts = useDeletionCounts(app.id, asking);
  const remove = useMutation({
    mutationFn: () => api.delete(`/apps/${app.id}`),
    onSuccess: async () => {
      await navigate(route("apps"));
      void client.invalidateQueries({ queryKey: ["apps"] });
      notifyDone(t("apps.deleted", { name: app.name }));
    },
    onError: notifyError,
  });
  if (!may.edit) return null;
  return (
    <Paper p="lg">
      <Group justify="space-between">
        <Stack gap={2} flex={1} miw={200}>
          <Title order={3}>{t("apps.deleteTitle")}</Title>
          <Text size="sm" c="dimmed">
            {t("apps.deleteText")}
          </Text>
        </Stack>
        <Button color="red" variant="light" onClick={() => setAsking(true)}>
          {t("apps.deleteTitle")}
        </Button>
      </Group>
      <ConfirmDelete opened={asking} title={t("apps.deleteQuestion", { name: app.name })} busy={remove.isPending} onConfirm={() => remove.mutate()} onClose={() => setAsking(false)}>
        {counts.data ? t("apps.deleteCounts", counts.data) : t("apps.deleteText")}
      </ConfirmDelete>
    </Paper>
  );
}
