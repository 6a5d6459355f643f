/** The person: name and password. */
import { Button, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import type { Me } from "@/shared/api/types";
import { useMe } from "@/shared/api/workspace";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { Loaded } from "@/shared/ui/states";

export function Profile() {
  const me = useMe();
  return (
    <Stack>
      <Loaded query={me}>{(loaded) => <Name me={loaded} />}</Loaded>
      <Password />
    </Stack>
  );
}

function Name({ me }: { me: Me }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: me.name } });
  const save = useMutation({
    mutationFn: (values: typeof form.values) => api.patch("/me", values),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["me"] });
      notifyDone(t("common.savedDone"));
    },
    onError: notifyError,
  });
  return (
    <Paper p="lg" component="form" onSubmit={form.onSubmit((values) => save.mutate(values))}>
      <Stack>
        <Title order={2}>{t("settings.sections.profile")}</Title>
        <TextInput label={t("session.email")} value={me.email} disabled />
        <TextInput label={t("session.yourName")} autoComplete="name" {...form.getInputProps("name")} />
        <Group justify="space-between">
          <Button type="submit" loading={save.isPending}>
            {t("common.save")}
          </Button>
          <Text size="xs" c="dimmed" className="numbers">
            {t("settings.version", { version: me.version })}
          </Text>
        </Group>
      </Stack>
    </Paper>
  );
}

function Password() {
  const { t } = useTranslation();
  const form = useForm({ initialValues: { current_password: "", new_password: "" } });
  const change = useMutation({
    mutationFn: (values: typeof form.values) => api.post("/me/password", values),
    onSuccess: () => {
      form.reset();
      notifyDone(t("settings.passwordChanged"));
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
      notifyError(reason);
    },
  });
  return (
    <Paper p="lg" component="form" onSubmit={form.onSubmit((values) => change.mutate(values))}>
      <Stack>
        <Title order={2}>{t("settings.changePassword")}</Title>
        <PasswordInput label={t("settings.currentPassword")} autoComplete="current-password" required {...form.getInputProps("current_password")} />
        <PasswordInput label={t("settings.newPassword")} description={t("session.passwordHint")} autoComplete="new-password" minLength={8} required {...form.getInputProps("new_password")} />
        <Group>
          <Button type="submit" loading={change.isPending}>
            {t("settings.changePassword")}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
