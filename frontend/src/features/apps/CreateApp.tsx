/** Makes an app: what it is called and what kind it is, with a line on each kind. */
import { Button, Group, Modal, Radio, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, ApiError } from "@/shared/api/client";
import type { App } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { ModeIcon } from "@/shared/ui/modes";
import { ErrorState } from "@/shared/ui/states";

const MODES = ["chat", "agent", "completion"] as const;
type Mode = (typeof MODES)[number];

export function CreateApp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("apps.new")} size="lg">
      <CreateAppForm onClose={onClose} />
    </Modal>
  );
}

function CreateAppForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: "", description: "", mode: "chat" as Mode } });
  const create = useMutation({
    mutationFn: (values: typeof form.values) => api.post<App>("/apps", values),
    onSuccess: async (app) => {
      await client.invalidateQueries({ queryKey: ["apps"] });
      await navigate(route(`apps/${app.id}/build`));
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
      <Stack>
        {create.isError && <ErrorState error={create.error} />}
        <TextInput label={t("apps.name")} placeholder={t("apps.namePlaceholder")} required maxLength={200} data-autofocus {...form.getInputProps("name")} />
        <Radio.Group label={t("apps.mode")} {...form.getInputProps("mode")}>
          <Stack gap="xs" mt={4}>
            {MODES.map((mode) => (
              <Radio.Card key={mode} value={mode} p="sm" aria-label={t(`apps.modes.${mode}`)}>
                <Group wrap="nowrap" gap="sm">
                  <ModeIcon mode={mode} />
                  <Stack gap={0} flex={1}>
                    <Text fw={500}>{t(`apps.modes.${mode}`)}</Text>
                    <Text size="sm" c="dimmed">
                      {t(`apps.modeHints.${mode}`)}
                    </Text>
                  </Stack>
                  <Radio.Indicator />
                </Group>
              </Radio.Card>
            ))}
          </Stack>
        </Radio.Group>
        <Textarea label={t("apps.descriptionLabel")} autosize minRows={2} {...form.getInputProps("description")} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={create.isPending}>
            {t("common.create")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
