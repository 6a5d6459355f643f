/** What changes everything at once: index all documents anew, delete the dataset. */
import { Button, Group, Paper, Stack, Text } from "@mantine/core";
import { IconReload, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { useMay } from "@/shared/api/workspace";
import { ReindexAll } from "./ChunkingSection";
import { DeleteDataset } from "./DeleteDataset";

export function DangerSection({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const may = useMay();
  const [asking, setAsking] = useState<"reindex" | "delete" | null>(null);
  return (
    <Stack maw={640}>
      <Paper p="md">
        <Stack gap="sm" align="flex-start">
          <Text fw={600}>{t("knowledge.reindexAll")}</Text>
          <Text size="sm" c="dimmed">
            {t("knowledge.reindexAbout")}
          </Text>
          <Button variant="default" leftSection={<IconReload size={16} />} disabled={!may.edit || dataset.document_counts.total === 0} onClick={() => setAsking("reindex")}>
            {t("knowledge.reindexAll")}
          </Button>
        </Stack>
      </Paper>
      <Paper p="md">
        <Stack gap="sm" align="flex-start">
          <Text fw={600}>{t("knowledge.deleteDataset")}</Text>
          <Text size="sm" c="dimmed">
            {t("knowledge.deleteAbout")}
          </Text>
          <Group>
            <Button color="red" variant="light" leftSection={<IconTrash size={16} />} disabled={!may.edit} onClick={() => setAsking("delete")}>
              {t("knowledge.deleteDataset")}
            </Button>
          </Group>
        </Stack>
      </Paper>
      <ReindexAll dataset={dataset} opened={asking === "reindex"} onClose={() => setAsking(null)} />
      <DeleteDataset dataset={dataset} opened={asking === "delete"} onClose={() => setAsking(null)} />
    </Stack>
  );
}
