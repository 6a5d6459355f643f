/** The passages of a document: find, read, change, add. A passage named in the address stands first. */
import { Alert, Anchor, Button, Center, Divider, Group, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Chunk, Dataset, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import { useMay } from "@/shared/api/workspace";
import { ErrorState, Loaded, RowsSkeleton } from "@/shared/ui/states";
import { useAddress } from "../useAddress";
import { ChunkCard } from "./ChunkCard";
import { ChunkForm } from "./ChunkForm";
import { chunksPath, useChunkChange, useChunks, type ChunkEdit } from "./useChunks";

export function ChunkList({ dataset, document }: { dataset: Dataset; document: KnowledgeDocument }) {
  const { t } = useTranslation();
  const may = useMay();
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text, 250);
  const [adding, setAdding] = useState(false);
  const chunks = useChunks(dataset.id, document, search);
  const list = chunks.data?.pages.flatMap((page) => page.results) ?? [];
  const add = useChunkChange(
    dataset.id,
    document.id,
    (path, edit: ChunkEdit) => api.post(path, edit),
    () => setAdding(false),
  );
  const isReady = document.status === "ready";
  return (
    <Stack gap="sm">
      <NamedChunk dataset={dataset} document={document} />
      <Group gap="xs">
        <TextInput leftSection={<IconSearch size={16} />} placeholder={t("knowledge.searchChunks")} aria-label={t("knowledge.searchChunks")} value={text} onChange={(event) => setText(event.currentTarget.value)} flex={1} miw={180} />
        {may.edit && isReady && !adding && (
          <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)}>
            {t("knowledge.addChunk")}
          </Button>
        )}
      </Group>
      {adding && <ChunkForm withAnswer={dataset.chunk_mode === "qa"} busy={add.isPending} onSave={(edit) => add.mutate(edit)} onCancel={() => setAdding(false)} />}
      {chunks.isPending && <RowsSkeleton rows={5} height={96} />}
      {chunks.isError && <ErrorState error={chunks.error} onRetry={() => void chunks.refetch()} />}
      {chunks.data && list.length === 0 && <Text c="dimmed">{t(search ? "knowledge.noChunkFound" : "knowledge.noChunks")}</Text>}
      {list.map((chunk) => (
        <ChunkCard key={chunk.id} dataset={dataset} document={document} chunk={chunk} />
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

/** Where a search led here: the passage it found, before all the others. */
function NamedChunk({ dataset, document }: { dataset: Dataset; document: KnowledgeDocument }) {
  const { t } = useTranslation();
  const { get, put } = useAddress();
  const id = get("chunk");
  const chunk = useQuery({
    queryKey: ["chunk", id],
    queryFn: () => api.get<Chunk>(`${chunksPath(dataset.id, document.id)}/${id}`),
    enabled: id !== "",
    retry: false,
  });
  if (id === "") return null;
  if (chunk.isError) {
    return (
      <Alert color="gray" variant="light" withCloseButton onClose={() => put({ chunk: null })}>
        {t("knowledge.chunkGone")}
      </Alert>
    );
  }
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text size="sm" fw={500}>
          {t("knowledge.foundChunk")}
        </Text>
        <Anchor component="button" type="button" size="sm" onClick={() => put({ chunk: null })}>
          {t("common.done")}
        </Anchor>
      </Group>
      <Loaded query={chunk} skeleton={<RowsSkeleton rows={1} height={140} />}>
        {(loaded) => <ChunkCard dataset={dataset} document={document} chunk={loaded} isOpen />}
      </Loaded>
      <Divider label={t("knowledge.allChunks")} labelPosition="left" mt="xs" />
    </Stack>
  );
}
