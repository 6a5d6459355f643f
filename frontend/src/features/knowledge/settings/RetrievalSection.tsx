/** How the dataset is searched by apps that don't say it otherwise. */
import { Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { useMay } from "@/shared/api/workspace";
import { RetrievalFields } from "../retrieval/RetrievalFields";
import { useSave } from "./useSave";

export function RetrievalSection({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const may = useMay();
  const [settings, setSettings] = useState(dataset.retrieval);
  const save = useSave(dataset.id);
  const changed = JSON.stringify(settings) !== JSON.stringify(dataset.retrieval);
  return (
    <Stack maw={760}>
      <Text size="sm" c="dimmed">
        {t("knowledge.retrievalHint")}
      </Text>
      <RetrievalFields value={settings} onChange={(change) => setSettings({ ...settings, ...change })} disabled={!may.edit} />
      {may.edit && (
        <Group gap="xs">
          <Button loading={save.isPending} disabled={!changed} onClick={() => save.mutate({ retrieval: settings })}>
            {t("common.save")}
          </Button>
          {changed && (
            <Button variant="subtle" color="gray" onClick={() => setSettings(dataset.retrieval)}>
              {t("knowledge.discard")}
            </Button>
          )}
        </Group>
      )}
    </Stack>
  );
}
