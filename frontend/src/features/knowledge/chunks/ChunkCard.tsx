/** One passage: what it says, where it stands, whether searches may find it; changed in place. */
import { ActionIcon, Badge, Box, Group, Paper, Stack, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Chunk, Dataset, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import { useMay } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { SavedSwitch } from "@/shared/ui/SavedSwitch";
import { PassagePlace } from "@/shared/ui/passage/PassagePlace";
import { ChunkForm } from "./ChunkForm";
import { Children } from "./Children";
import { PageMap } from "./PageMap";
import { useChunkChange, type ChunkEdit } from "./useChunks";

const FOLD_CHARACTERS = 700;

interface ChunkCardProps {
  dataset: Dataset;
  document: KnowledgeDocument;
  chunk: Chunk;
  isOpen?: boolean;
}

export function ChunkCard({ dataset, document, chunk, isOpen = false }: ChunkCardProps) {
  const { t } = useTranslation();
  const may = useMay();
  const [editing, setEditing] = useState(false);
  const [doomed, setDoomed] = useState(false);
  const [onPage, setOnPage] = useState(isOpen);
  const save = useChunkChange(
    dataset.id,
    document.id,
    (path, edit: Partial<ChunkEdit> & { is_enabled?: boolean }) => api.patch(`${path}/${chunk.id}`, edit),
    () => setEditing(false),
  );
  const remove = useChunkChange(
    dataset.id,
    document.id,
    (path) => api.delete(`${path}/${chunk.id}`),
    () => setDoomed(false),
  );
  if (editing) return <ChunkForm chunk={chunk} withAnswer={dataset.chunk_mode === "qa" || chunk.answer !== ""} busy={save.isPending} onSave={(edit) => save.mutate(edit)} onCancel={() => setEditing(false)} />;
  const hasPage = chunk.areas.length > 0 && chunk.page !== null && document.format === "pdf";
  const isEnabled = (save.isPending ? save.variables.is_enabled : undefined) ?? chunk.is_enabled;
  return (
    <Paper p="sm" component="article" aria-label={t("knowledge.chunkNumber", { number: chunk.position })}>
      <Group gap="xs" mb={6} wrap="nowrap" align="flex-start">
        <Group gap={6} flex={1}>
          <Badge color="gray" className="numbers">
            #{chunk.position}
          </Badge>
          {chunk.page !== null && <Badge>{t("runs.page", { page: chunk.page })}</Badge>}
          {chunk.is_edited && <Badge color="gray">{t("knowledge.edited")}</Badge>}
          <Text size="xs" c="dimmed" className="numbers">
            {t("knowledge.tokens", { count: chunk.tokens, formatted: formatCount(chunk.tokens) })}
            {chunk.hit_count > 0 && ` · ${t("knowledge.foundTimes", { count: chunk.hit_count, formatted: formatCount(chunk.hit_count) })}`}
          </Text>
        </Group>
        {may.edit && (
          <Group gap={4} wrap="nowrap">
            <Tooltip label={t(isEnabled ? "knowledge.chunkOn" : "knowledge.chunkOff")}>
              <SavedSwitch size="xs" stored={chunk.is_enabled} aria-label={t("knowledge.searchable", { number: chunk.position })} save={(is_enabled) => save.mutateAsync({ is_enabled })} />
            </Tooltip>
            <ActionIcon variant="subtle" aria-label={t("knowledge.editChunk", { number: chunk.position })} onClick={() => setEditing(true)}>
              <IconPencil size={15} />
            </ActionIcon>
            <ActionIcon variant="subtle" aria-label={t("knowledge.deleteChunk", { number: chunk.position })} onClick={() => setDoomed(true)}>
              <IconTrash size={15} />
            </ActionIcon>
          </Group>
        )}
      </Group>
      <Group wrap="nowrap" align="flex-start" gap="md" opacity={isEnabled ? 1 : 0.55}>
        <Box flex={1} miw={0}>
          <Folded text={chunk.text} isOpen={isOpen} />
          {chunk.answer && (
            <Box mt="xs" pl="sm" style={{ borderLeft: "2px solid var(--accent-text)" }}>
              <Text size="xs" c="dimmed" fw={500}>
                {t("knowledge.answerText")}
              </Text>
              <Folded text={chunk.answer} isOpen={isOpen} />
            </Box>
          )}
        </Box>
        {hasPage && <PageMap areas={chunk.areas} page={chunk.page ?? 1} isOpen={onPage} onToggle={() => setOnPage(!onPage)} />}
      </Group>
      {hasPage && onPage && (
        <Box mt="sm">
          <PassagePlace address={{ datasetId: dataset.id, documentId: document.id, chunkId: chunk.id }} withWords={false} />
        </Box>
      )}
      {chunk.keywords.length > 0 && (
        <Group gap={4} mt="xs">
          {chunk.keywords.map((word) => (
            <Badge key={word} size="sm" variant="outline" color="gray">
              {word}
            </Badge>
          ))}
        </Group>
      )}
      {(dataset.chunk_mode === "parent_child" || chunk.children.length > 0) && <Children datasetId={dataset.id} documentId={document.id} chunk={chunk} mayEdit={may.edit} />}
      <ConfirmDelete opened={doomed} title={t("knowledge.deleteChunkQuestion", { number: chunk.position })} busy={remove.isPending} onConfirm={() => remove.mutate(undefined)} onClose={() => setDoomed(false)}>
        {t("knowledge.deleteChunkText")}
      </ConfirmDelete>
    </Paper>
  );
}

function Folded({ text, isOpen }: { text: string; isOpen: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(isOpen);
  const folded = !open && text.length > FOLD_CHARACTERS;
  return (
    <Stack gap={2} align="flex-start">
      <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {folded ? `${text.slice(0, FOLD_CHARACTERS)}…` : text}
      </Text>
      {folded && (
        <UnstyledButton fz="xs" c="var(--accent-text)" onClick={() => setOpen(true)}>
          {t("knowledge.showAll")}
        </UnstyledButton>
      )}
    </Stack>
  );
}
