/** One dataset: its documents, a test of its retrieval, its evaluation, its settings. */
import { Alert, Badge, Box, Group, Progress, Stack, Tabs, Text, Title, Tooltip } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { formatCount } from "@/shared/format/numbers";
import { useDocumentTitle } from "@/shared/ui/Page";
import { Loaded } from "@/shared/ui/states";
import { DocumentDrawer } from "./chunks/DocumentDrawer";
import { Documents } from "./documents/Documents";
import { Evaluation } from "./evaluation/Evaluation";
import classes from "./knowledge.module.css";
import { useDataset } from "./queries";
import { RetrievalTest } from "./retrieval/RetrievalTest";
import { DatasetSettings } from "./settings/DatasetSettings";
import { useAddress } from "./useAddress";

const TABS = ["documents", "retrieval", "evaluation", "settings"] as const;

export function DatasetPage() {
  const { datasetId = "" } = useParams();
  const dataset = useDataset(datasetId);
  useDocumentTitle(dataset.data?.name ?? "");
  return (
    <Box maw={1360} mx="auto" px={{ base: "md", sm: "xl" }} py={{ base: "md", sm: "lg" }}>
      <Loaded query={dataset}>{(loaded) => <DatasetFrame key={loaded.id} dataset={loaded} />}</Loaded>
    </Box>
  );
}

function DatasetFrame({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const { get, put } = useAddress();
  const tab = TABS.find((each) => each === get("tab")) ?? "documents";
  return (
    <>
      <Stack gap={6} mb="md">
        <Title order={1} style={{ overflowWrap: "anywhere" }}>
          {dataset.name}
        </Title>
        {dataset.description && <Text c="dimmed">{dataset.description}</Text>}
        <Facts dataset={dataset} />
        <ReembeddingLine dataset={dataset} />
      </Stack>
      <Tabs value={tab} onChange={(value) => put({ tab: value === "documents" ? null : value, document: null, chunk: null }, true)} keepMounted={false} classNames={{ tab: classes.tab }}>
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
          <RetrievalTest dataset={dataset} />
        </Tabs.Panel>
        <Tabs.Panel value="evaluation">
          <Evaluation dataset={dataset} />
        </Tabs.Panel>
        <Tabs.Panel value="settings">
          <DatasetSettings dataset={dataset} />
        </Tabs.Panel>
      </Tabs>
      <DocumentDrawer dataset={dataset} />
    </>
  );
}

function Facts({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const index = dataset.index;
  return (
    <Group gap="xs">
      <Badge color="gray">{t("knowledge.documentCount", { count: dataset.document_counts.total })}</Badge>
      <Badge color="gray">{t("knowledge.chunkCount", { count: dataset.chunk_count, formatted: formatCount(dataset.chunk_count) })}</Badge>
      <Badge color="gray">{t(`knowledge.modes.${dataset.chunk_mode}`)}</Badge>
      <Tooltip label={t(index?.is_approximate ? "knowledge.indexApproximate" : "knowledge.indexExact")} multiline maw={280}>
        <Badge color="gray" tabIndex={0}>
          {dataset.embedding_model}
          {index?.dimensions ? ` · ${index.dimensions}` : ""}
        </Badge>
      </Tooltip>
      {dataset.tags.map((tag) => (
        <Badge key={tag.id} variant="outline" color="gray">
          {tag.name}
        </Badge>
      ))}
    </Group>
  );
}

/** While another model embeds the passages anew: how far it is; searches still use the old one. */
function ReembeddingLine({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const work = dataset.reembedding;
  if (!work) return null;
  return (
    <Alert variant="light" color={work.reason ? "red" : "accent"} icon={<IconRefresh size={18} />} mt="xs" title={t("knowledge.reembeddingTo", { model: work.model })}>
      <Stack gap={6}>
        <Text size="sm">{work.reason || t("knowledge.reembeddingText", { done: formatCount(work.done), total: formatCount(work.total) })}</Text>
        {!work.reason && <Progress value={work.total > 0 ? (work.done / work.total) * 100 : 0} size={4} aria-label={t("knowledge.reembeddingTo", { model: work.model })} />}
      </Stack>
    </Alert>
  );
}
