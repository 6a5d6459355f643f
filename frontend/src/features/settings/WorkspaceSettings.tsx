/** The workspace's name. */
import { Button, Group, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import { useMay, useWorkspace } from "@/shared/api/workspace";
import { AskRole } from "@/shared/ui/AskRole";
import { ShortId } from "@/shared/ui/bits";
import { notifyDone, notifyError } from "@/shared/ui/notify";

export function WorkspaceSettings() {
  const { t } = useTranslation();
  const workspace = useWorkspace();
  const may = useMay();
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: workspace.name } });
  const save = useMutation({
    mutationFn: (values: typeof form.values) => api.patch("/workspace", values),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["me"] });
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
        <Title order={2}>{t("settings.sections.workspace")}</Title>
        <TextInput label={t("common.name")} required disabled={!may.administer} {...form.getInputProps("name")} />
        <Group gap="xl">
          <Group gap="xs">
            <Text size="sm" c="dimmed">
              {t("settings.workspaceId")}
            </Text>
            <ShortId id={workspace.id} />
          </Group>
          <Text size="sm" c="dimmed">
            {t("settings.yourRole", { role: t(`settings.roles.${workspace.role}`) })}
          </Text>
        </Group>
        {!may.administer && <AskRole role="admin" what={t("settings.workspaceNeedsRole")} />}
        {may.administer && (
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
