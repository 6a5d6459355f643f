/** Copies a prompt into the draft of an app, with the variables that it needs; the app keeps its own copy. */
import { Button, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "@/shared/api/client";
import { refreshApp, useApps } from "@/shared/api/queries";
import { isGraphMode, type Draft, type Variable } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { variablesIn } from "./promptText";

const blank = (name: string): Variable => ({ name, label: "", type: "text", required: false, default: null, options: [], max_length: null });

export function UseInApp({ opened, onClose, text }: { opened: boolean; onClose: () => void; text: string }) {
  const { t } = useTranslation();
  const apps = useApps();
  const client = useQueryClient();
  const navigate = useNavigate();
  const route = useRoute();
  const [appId, setAppId] = useState<string | null>(null);
  const choices = (apps.data ?? []).filter((app) => !isGraphMode(app.mode));
  const use = useMutation({
    mutationFn: async (id: string) => {
      const draft = await api.get<Draft>(`/apps/${id}/draft`);
      const known = draft.variables.map((variable) => variable.name);
      const added = variablesIn(text).filter((name) => !known.includes(name));
      await api.put(`/apps/${id}/draft`, { ...draft, prompt: text, variables: [...draft.variables, ...added.map(blank)] });
      return id;
    },
    onSuccess: async (id) => {
      client.removeQueries({ queryKey: ["draft", id] });
      await refreshApp(client, id);
      notifyDone(t("prompts.copied"));
      await navigate(route(`apps/${id}/build`));
    },
    onError: notifyError,
  });
  return (
    <Modal opened={opened} onClose={onClose} title={t("prompts.useInApp")}>
      <Stack>
        <Text size="sm" c="dimmed">
          {t("prompts.useText")}
        </Text>
        <Select
          label={t("prompts.app")}
          placeholder={t("prompts.chooseApp")}
          data={choices.map((app) => ({ value: app.id, label: app.name }))}
          value={appId}
          onChange={setAppId}
          searchable
          nothingFoundMessage={t("prompts.noApps")}
        />
        <Group justify="flex-end">
          <Button disabled={!appId} loading={use.isPending} onClick={() => appId && use.mutate(appId)}>
            {t("prompts.copyInto")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
