/** The documents of a dataset: add, watch, find, choose, act on. */
import { Button, Center, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFiles, IconSearch } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { DocumentAction, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import { uploadFile } from "@/shared/api/upload";
import { useMay } from "@/shared/api/workspace";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyError } from "@/shared/ui/notify";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { refreshDataset, useDocuments, useRefreshDataset } from "../queries";
import { useAddress } from "../useAddress";
import { BulkBar } from "./BulkBar";
import { isMoving, mayDo, STAGES } from "./documentModel";
import { DocumentsTable } from "./DocumentsTable";
import { FromUrl } from "./FromUrl";
import { UploadZone } from "./UploadZone";
import { useDocumentActions } from "./useDocumentActions";

const STATUSES = [...STAGES, "ready", "failed"] as const;
const STATES = ["paused", "enabled", "disabled", "archived"] as const;
const NEWEST = "-created_at";

export function Documents({ datasetId }: { datasetId: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const { get, put } = useAddress();
  const [search] = useDebouncedValue(get("search"), 250);
  const state = STATES.find((each) => `is:${each}` === get("status"));
  const ordering = get("sort") || NEWEST;
  const documents = useDocuments(datasetId, { search, status: state ? "" : get("status"), state: state ?? "", ordering });
  const list = documents.data?.pages.flatMap((page) => page.results) ?? [];
  const [chosenIds, setChosenIds] = useState<ReadonlySet<string>>(new Set());
  const [doomed, setDoomed] = useState<KnowledgeDocument[]>([]);
  const chosen = list.filter((document) => chosenIds.has(document.id));
  const actions = useDocumentActions(datasetId);
  const replace = useReplace(datasetId);
  const filtered = get("search") !== "" || get("status") !== "";

  const choose = (ids: string[], on: boolean) =>
    setChosenIds((before) => {
      const next = new Set(before);
      for (const id of ids) {
        if (on) next.add(id);
        else next.delete(id);
      }
      return next;
    });
  const act = (action: DocumentAction, targets: KnowledgeDocument[]) => {
    const able = targets.filter((document) => mayDo(action, document));
    if (action === "delete") setDoomed(able);
    else actions.mutate({ action, documents: able });
  };

  // The dataset counts its passages: it has new ones as soon as the last document is ready.
  const moving = list.some(isMoving);
  useEffect(() => {
    if (!moving) return undefined;
    return () => {
      void client.invalidateQueries({ queryKey: ["dataset", datasetId] });
      void client.invalidateQueries({ queryKey: ["datasets"] });
    };
  }, [moving, client, datasetId]);

  return (
    <Stack>
      {may.edit && <UploadZone datasetId={datasetId} onFromUrl={() => put({ add: "url" })} />}
      {(list.length > 0 || filtered) && (
        <Group gap="xs">
          <TextInput leftSection={<IconSearch size={16} />} placeholder={t("knowledge.searchDocuments")} aria-label={t("knowledge.searchDocuments")} value={get("search")} onChange={(event) => put({ search: event.currentTarget.value })} flex={1} miw={{ base: "100%", sm: 180 }} maw={{ sm: 320 }} />
          <Select
            w={{ base: "100%", sm: 200 }}
            placeholder={t("knowledge.anyStatus")}
            aria-label={t("knowledge.status")}
            data={[...STATUSES.map((value) => ({ value, label: t(`common.status.${value}`) })), ...STATES.map((value) => ({ value: `is:${value}`, label: t(`knowledge.states.${value}`) }))]}
            value={get("status") || null}
            onChange={(value) => put({ status: value })}
            clearable
          />
        </Group>
      )}
      <BulkBar chosen={chosen} busy={actions.isPending} onAct={(action) => act(action, chosen)} onClear={() => setChosenIds(new Set())} />
      {documents.isPending && <RowsSkeleton />}
      {documents.isError && <ErrorState error={documents.error} onRetry={() => void documents.refetch()} />}
      {documents.data && list.length === 0 && filtered && <Text c="dimmed">{t("knowledge.noneFound")}</Text>}
      {documents.data && list.length === 0 && !filtered && (
        <EmptyState icon={IconFiles} title={t("knowledge.noDocumentsTitle")} text={t("knowledge.noDocumentsText")} />
      )}
      {list.length > 0 && (
        <DocumentsTable
          datasetId={datasetId}
          documents={list}
          mayEdit={may.edit}
          chosen={chosenIds}
          onChoose={choose}
          ordering={ordering}
          onOrder={(next) => put({ sort: next === NEWEST ? null : next })}
          onShow={(document, view) => put({ document: document.id, view, chunk: null }, true)}
          onAct={(action, document) => act(action, [document])}
          onReplace={(document, file) => replace.mutate({ document, file })}
        />
      )}
      {documents.hasNextPage && (
        <Center>
          <Button variant="default" loading={documents.isFetchingNextPage} onClick={() => void documents.fetchNextPage()}>
            {t("common.loadMore")}
          </Button>
        </Center>
      )}
      <FromUrl datasetId={datasetId} opened={get("add") === "url"} onClose={() => put({ add: null })} />
      <DeleteDocuments
        datasetId={datasetId}
        doomed={doomed}
        onClose={() => setDoomed([])}
        onDone={() => {
          choose(doomed.map((each) => each.id), false);
          setDoomed([]);
          void refreshDataset(client, datasetId);
        }}
      />
    </Stack>
  );
}

/** A file in the place of one that could not be read: the old one goes when the new one has arrived. */
function useReplace(datasetId: string) {
  const refresh = useRefreshDataset(datasetId);
  return useMutation({
    mutationFn: async ({ document, file }: { document: KnowledgeDocument; file: File }) => {
      const added = await uploadFile<KnowledgeDocument>(`/datasets/${datasetId}/documents`, file, () => undefined);
      if (added.body.id !== document.id) await api.delete(`/datasets/${datasetId}/documents/${document.id}`);
    },
    onSuccess: refresh,
    onError: notifyError,
  });
}

function DeleteDocuments({ datasetId, doomed, onClose, onDone }: { datasetId: string; doomed: KnowledgeDocument[]; onClose: () => void; onDone: () => void }) {
  const { t } = useTranslation();
  const actions = useDocumentActions(datasetId);
  const chunks = doomed.reduce((sum, document) => sum + document.chunk_count, 0);
  const name = doomed.length === 1 ? (doomed[0]?.name ?? "") : t("knowledge.documentCount", { count: doomed.length });
  return (
    <ConfirmDelete opened={doomed.length > 0} title={t("knowledge.deleteQuestion", { name })} busy={actions.isPending} onConfirm={() => actions.mutate({ action: "delete", documents: doomed }, { onSuccess: onDone })} onClose={onClose}>
      {t("knowledge.deleteDocumentsText", {
        documents: t("knowledge.documentCount", { count: doomed.length }),
        chunks: t("knowledge.chunkCount", { count: chunks, formatted: String(chunks) }),
      })}
    </ConfirmDelete>
  );
}
