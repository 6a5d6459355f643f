/** The documents of a dataset: upload, watch, retry, read their chunks, delete. */
import { Button, Center, Group, Select, Stack, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFiles, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import type { Page } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyError } from "@/shared/ui/notify";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { ChunksDrawer } from "./ChunksDrawer";
import { DocumentRow, inProgress } from "./DocumentRow";
import { UploadZone } from "./UploadZone";

const POLL_MS = 1_200;
const STATUSES = ["queued", "extracting", "splitting", "embedding", "indexing", "ready", "failed"] as const;

export function Documents({ datasetId }: { datasetId: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text, 250);
  const [status, setStatus] = useState<string | null>(null);
  const [shown, setShown] = useState<KnowledgeDocument | null>(null);
  const [doomed, setDoomed] = useState<KnowledgeDocument | null>(null);
  const documents = useInfiniteQuery({
    queryKey: ["documents", datasetId, search, status],
    queryFn: ({ pageParam }) => api.get<Page<KnowledgeDocument>>(`/datasets/${datasetId}/documents`, { search, status, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.results.some(inProgress)) ? POLL_MS : false),
  });
  const refresh = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["documents", datasetId] }),
      client.invalidateQueries({ queryKey: ["dataset", datasetId] }),
      client.invalidateQueries({ queryKey: ["datasets"] }),
    ]);
  const retry = useMutation({
    mutationFn: (id: string) => api.post(`/datasets/${datasetId}/documents/${id}/retry`),
    onSuccess: refresh,
    onError: notifyError,
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.delete(`/datasets/${datasetId}/documents/${id}`),
    onSuccess: () => {
      setDoomed(null);
      return refresh();
    },
    onError: notifyError,
  });
  const list = documents.data?.pages.flatMap((page) => page.results) ?? [];
  const filtered = search !== "" || status !== null;
  const working = list.some(inProgress);
  // The dataset counts its passages: it has new ones as soon as the last document is ready.
  useEffect(() => {
    if (!working) return undefined;
    return () => {
      void client.invalidateQueries({ queryKey: ["dataset", datasetId] });
      void client.invalidateQueries({ queryKey: ["datasets"] });
    };
  }, [working, client, datasetId]);
  return (
    <Stack>
      {may.edit && <UploadZone datasetId={datasetId} />}
      {(list.length > 0 || filtered) && (
        <Group gap="xs">
          <TextInput leftSection={<IconSearch size={16} />} placeholder={t("knowledge.searchDocuments")} aria-label={t("knowledge.searchDocuments")} value={text} onChange={(event) => setText(event.currentTarget.value)} flex={1} miw={{ base: "100%", sm: 180 }} maw={{ sm: 320 }} />
          <Select w={{ base: "100%", sm: 180 }} placeholder={t("knowledge.anyStatus")} aria-label={t("knowledge.status")} data={STATUSES.map((value) => ({ value, label: t(`common.status.${value}`) }))} value={status} onChange={setStatus} clearable />
        </Group>
      )}
      {documents.isPending && <RowsSkeleton />}
      {documents.isError && <ErrorState error={documents.error} onRetry={() => void documents.refetch()} />}
      {documents.data && list.length === 0 && filtered && <Text c="dimmed">{t("knowledge.noneFound")}</Text>}
      {documents.data && list.length === 0 && !filtered && (
        <EmptyState icon={IconFiles} title={t("knowledge.noDocumentsTitle")} text={t("knowledge.noDocumentsText")} />
      )}
      {list.length > 0 && (
        <Table.ScrollContainer minWidth={320}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("common.name")}</Table.Th>
                <Table.Th>{t("knowledge.status")}</Table.Th>
                <Table.Th ta="right" className="wide-only">{t("knowledge.pages")}</Table.Th>
                <Table.Th ta="right" className="wide-only">{t("knowledge.chunks")}</Table.Th>
                <Table.Th ta="right" className="wide-only">{t("knowledge.size")}</Table.Th>
                <Table.Th ta="right" className="wide-only">{t("knowledge.added")}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {list.map((document) => (
                <DocumentRow
                  key={document.id}
                  datasetId={datasetId}
                  document={document}
                  mayEdit={may.edit}
                  onShow={() => setShown(document)}
                  onRetry={() => retry.mutate(document.id)}
                  onDelete={() => setDoomed(document)}
                />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {documents.hasNextPage && (
        <Center>
          <Button variant="default" loading={documents.isFetchingNextPage} onClick={() => void documents.fetchNextPage()}>
            {t("common.loadMore")}
          </Button>
        </Center>
      )}
      <ChunksDrawer datasetId={datasetId} document={shown} onClose={() => setShown(null)} />
      <ConfirmDelete opened={doomed !== null} title={t("knowledge.deleteDocumentQuestion", { name: doomed?.name ?? "" })} busy={remove.isPending} onConfirm={() => doomed && remove.mutate(doomed.id)} onClose={() => setDoomed(null)}>
        {t("knowledge.deleteDocumentText", { count: doomed?.chunk_count ?? 0 })}
      </ConfirmDelete>
    </Stack>
  );
}
