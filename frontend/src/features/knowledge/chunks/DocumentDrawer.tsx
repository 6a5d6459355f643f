/** One document beside the page: its passages, its details. Which one stands in the address. */
import { Badge, Drawer, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Dataset, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import { formatCount } from "@/shared/format/numbers";
import { Loaded } from "@/shared/ui/states";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import { isMoving, isUnfinished } from "../documents/documentModel";
import { languageName } from "../documents/languages";
import { useAddress } from "../useAddress";
import { ChunkList } from "./ChunkList";
import { DocumentDetails } from "./DocumentDetails";

const POLL_MS = 1_500;

export function DocumentDrawer({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const { get, put } = useAddress();
  const narrow = useMediaQuery("(max-width: 760px)");
  const id = get("document");
  const document = useQuery({
    queryKey: ["document", dataset.id, id],
    queryFn: () => api.get<KnowledgeDocument>(`/datasets/${dataset.id}/documents/${id}`),
    enabled: id !== "",
    refetchInterval: (query) => (query.state.data && isMoving(query.state.data) ? POLL_MS : false),
  });
  return (
    <Drawer
      opened={id !== ""}
      onClose={() => put({ document: null, chunk: null, view: null }, true)}
      title={document.data?.name ?? t("knowledge.document")}
      size={narrow ? "100%" : 760}
      styles={{ title: { overflowWrap: "anywhere" } }}
    >
      {id !== "" && <Loaded query={document}>{(loaded) => <DocumentView key={loaded.id} dataset={dataset} document={loaded} />}</Loaded>}
    </Drawer>
  );
}

function DocumentView({ dataset, document }: { dataset: Dataset; document: KnowledgeDocument }) {
  const { t, i18n } = useTranslation();
  const { get, put } = useAddress();
  const view = get("view") === "details" ? "details" : "chunks";
  return (
    <Stack>
      <Group gap="md" justify="space-between">
        <Group gap="xs">
          <StatusBadge status={document.is_paused && isUnfinished(document) ? "paused" : document.status} />
          {document.page_count !== null && <Badge color="gray">{t("knowledge.pageCount", { count: document.page_count })}</Badge>}
          <Badge color="gray">{t("knowledge.chunkCount", { count: document.chunk_count, formatted: formatCount(document.chunk_count) })}</Badge>
          <Badge color="gray">{t("knowledge.tokens", { count: document.token_count, formatted: formatCount(document.token_count) })}</Badge>
          {document.language && <Badge color="gray">{languageName(document.language, i18n.language)}</Badge>}
        </Group>
        <SegmentedControl
          size="xs"
          aria-label={t("knowledge.view")}
          value={view}
          onChange={(value) => put({ view: value === "details" ? value : null })}
          data={[
            { value: "chunks", label: t("knowledge.chunks") },
            { value: "details", label: t("knowledge.details") },
          ]}
        />
      </Group>
      {document.reason && (
        <Text size="sm" c={document.status === "failed" ? "var(--danger-text)" : "dimmed"} style={{ overflowWrap: "anywhere" }}>
          {document.reason}
        </Text>
      )}
      {view === "chunks" ? <ChunkList dataset={dataset} document={document} /> : <DocumentDetails key={document.updated_at} datasetId={dataset.id} document={document} />}
    </Stack>
  );
}
