/** How documents are cut, with the passages that come of it beside the fields, before anything is indexed. */
import { Alert, Box, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { ChunkSettings, Dataset } from "@/shared/api/knowledgeTypes";
import { useMay } from "@/shared/api/workspace";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import classes from "../knowledge.module.css";
import { useRefreshDataset } from "../queries";
import { ChunkFields } from "./ChunkFields";
import { ChunkPreview } from "./ChunkPreview";
import { chunkSettingsOf, problemOf } from "./chunkSettings";
import { useSave } from "./useSave";

export function ChunkingSection({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const may = useMay();
  const saved = chunkSettingsOf(dataset);
  const [settings, setSettings] = useState<ChunkSettings>(saved);
  const [asking, setAsking] = useState(false);
  const hasDocuments = dataset.document_counts.total > 0;
  const changed = JSON.stringify(settings) !== JSON.stringify(saved);
  const save = useSave(dataset.id, () => setAsking(hasDocuments));
  return (
    <div className={classes.split}>
      <Stack>
        <ChunkFields value={settings} onChange={(change) => setSettings({ ...settings, ...change })} disabled={!may.edit} />
        {may.edit && (
          <Group gap="xs">
            <Button loading={save.isPending} disabled={!changed || problemOf(settings) !== null} onClick={() => save.mutate(settings)}>
              {t("common.save")}
            </Button>
            {changed && (
              <Button variant="subtle" color="gray" onClick={() => setSettings(saved)}>
                {t("knowledge.discard")}
              </Button>
            )}
          </Group>
        )}
        {hasDocuments && (
          <Alert color="gray" variant="light">
            <Stack gap="xs" align="flex-start">
              <Text size="sm">{t("knowledge.reindexHint")}</Text>
              {may.edit && (
                <Button size="xs" variant="default" onClick={() => setAsking(true)}>
                  {t("knowledge.reindexAll")}
                </Button>
              )}
            </Stack>
          </Alert>
        )}
      </Stack>
      <Box className={classes.beside}>
        <ChunkPreview dataset={dataset} settings={settings} isPossible={problemOf(settings) === null} />
      </Box>
      <ReindexAll dataset={dataset} opened={asking} onClose={() => setAsking(false)} />
    </div>
  );
}

export function ReindexAll({ dataset, opened, onClose }: { dataset: Dataset; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const refresh = useRefreshDataset(dataset.id);
  const reindex = useMutation({
    mutationFn: () => api.post(`/datasets/${dataset.id}/reindex`),
    onSuccess: async () => {
      await refresh();
      notifyDone(t("knowledge.reindexStarted"));
      onClose();
    },
    onError: notifyError,
  });
  return (
    <Modal opened={opened} onClose={onClose} title={t("knowledge.reindexQuestion")}>
      <Stack>
        <Text>{t("knowledge.reindexText", { documents: t("knowledge.documentCount", { count: dataset.document_counts.total }) })}</Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("knowledge.notNow")}
          </Button>
          <Button loading={reindex.isPending} onClick={() => reindex.mutate()} data-autofocus>
            {t("knowledge.reindexAll")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
