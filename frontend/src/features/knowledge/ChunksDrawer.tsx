/** The chunks of a document in their order, with page and tokens. */
import { Badge, Button, Center, Drawer, Group, Paper, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Chunk, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import type { Page } from "@/shared/api/types";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";

export function ChunksDrawer({ datasetId, document, onClose }: { datasetId: string; document: KnowledgeDocument | null; onClose: () => void }) {
  return (
    <Drawer opened={document !== null} onClose={onClose} title={document?.name} size={560}>
      {document && <Chunks datasetId={datasetId} document={document} />}
    </Drawer>
  );
}

function Chunks({ datasetId, document }: { datasetId: string; document: KnowledgeDocument }) {
  const { t } = useTranslation();
  const chunks = useInfiniteQuery({
    queryKey: ["chunks", document.id, document.status],
    queryFn: ({ pageParam }) => api.get<Page<Chunk>>(`/datasets/${datasetId}/documents/${document.id}/chunks`, { cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  const list = chunks.data?.pages.flatMap((page) => page.results) ?? [];
  if (chunks.isPending) return <RowsSkeleton rows={5} height={96} />;
  if (chunks.isError) return <ErrorState error={chunks.error} onRetry={() => void chunks.refetch()} />;
  if (list.length === 0) return <Text c="dimmed">{document.status === "failed" ? document.reason : t("knowledge.noChunks")}</Text>;
  return (
    <Stack gap="xs">
      {list.map((chunk) => (
        <Paper key={chunk.id} p="sm">
          <Group gap="xs" mb={6}>
            <Badge color="gray" className="numbers">
              #{chunk.position}
            </Badge>
            {chunk.page !== null && <Badge>{t("runs.page", { page: chunk.page })}</Badge>}
            <Text size="xs" c="dimmed" className="numbers">
              {t("knowledge.tokens", { count: chunk.tokens })}
            </Text>
          </Group>
          <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {chunk.text}
          </Text>
        </Paper>
      ))}
      {chunks.hasNextPage && (
        <Center>
          <Button variant="default" loading={chunks.isFetchingNextPage} onClick={() => void chunks.fetchNextPage()}>
            {t("common.loadMore")}
          </Button>
        </Center>
      )}
    </Stack>
  );
}
