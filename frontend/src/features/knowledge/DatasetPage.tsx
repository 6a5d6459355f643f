/** One dataset: its documents, a test of its retrieval, its settings. */
import { Badge, Box, Button, Group, Tabs, Text, Title } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams, useSearchParams } from "react-router";
import { api } from "@/shared/api/client";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { useMay } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { useDocumentTitle } from "@/shared/ui/Page";
import { Loaded } from "@/shared/ui/states";
import { DatasetSettings } from "./DatasetSettings";
import { DeleteDataset } from "./DeleteDataset";
import { Documents } from "./Documents";
import { RetrievalTest } from "./RetrievalTest";

const TABS = ["documents", "retrieval", "settings"] as const;
const POLL_MS = 3_000;

export function DatasetPage() {
  const { datasetId = "" } = useParams();
  const dataset = useQuery({
    queryKey: ["dataset", datasetId],
    queryFn: () => api.get<Dataset>(`/datasets/${datasetId}`),
    refetchInterval: (query) => {
      const counts = query.state.data?.document_counts;
      return counts && counts.total > counts.ready + counts.failed ? POLL_MS : false;
    },
  });
  useDocumentTitle(dataset.data?.name ?? "");
  return (
    <Box maw={1120} mx="auto" px={{ base: "md", sm: "xl" }} py={{ base: "md", sm: "xl" }}>
      <Loaded query={dataset}>{(loaded) => <DatasetFrame dataset={loaded} />}</Loaded>
    </Box>
  );
}

function DatasetFrame({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const may = useMay();
  const [search, setSearch] = useSearchParams();
  const [deleting, setDeleting] = useState(false);
  const tab = TABS.find((each) => each === search.get("tab")) ?? "documents";
  return (
    <>
      <Group justify="space-between" align="flex-start" mb="md">
        <Box flex={1} miw={220}>
          <Title order={1}>{dataset.name}</Title>
          {dataset.description && (
            <Text c="dimmed" mt={4}>
              {dataset.description}
            </Text>
          )}
          <Group gap="xs" mt="xs">
            <Badge color="gray">{t("knowledge.documentCount", { count: dataset.document_counts.total })}</Badge>
            <Badge color="gray">{t("knowledge.chunkCount", { count: dataset.chunk_count, formatted: formatCount(dataset.chunk_count) })}</Badge>
            <Badge color="gray">{dataset.embedding_model}</Badge>
          </Group>
        </Box>
        {may.edit && (
          <Button variant="default" leftSection={<IconTrash size={16} />} onClick={() => setDeleting(true)}>
            {t("knowledge.deleteDataset")}
          </Button>
        )}
      </Group>
      <Tabs value={tab} onChange={(value) => setSearch(value && value !== "documents" ? { tab: value } : {}, { replace: true })}>
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`knowledge.tabs.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="documents">
          <Documents datasetId={dataset.id} />
        </Tabs.Panel>
        <Tabs.Panel value="retrieval">
          <RetrievalTest datasetId={dataset.id} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <DatasetSettings key={dataset.id} dataset={dataset} />
        </Tabs.Panel>
      </Tabs>
      <DeleteDataset dataset={dataset} opened={deleting} onClose={() => setDeleting(false)} />
    </>
  );
}
