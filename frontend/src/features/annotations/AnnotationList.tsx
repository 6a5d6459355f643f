/** The annotations: found by their words, changed by a click, deleted with a way back. */
import { ActionIcon, Button, Checkbox, Group, Paper, Stack, Text, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconMessageReply, IconPlus, IconSearch, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/shared/api/workspace";
import { writingOf, type Annotation, type Writing } from "@/shared/annotations/annotations";
import { RelativeTime } from "@/shared/ui/bits";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";
import classes from "./annotations.module.css";
import { useAnnotations, useMany } from "./queries";

const UNDO_MS = 10_000;
const SEARCH_MS = 250;

interface AnnotationListProps {
  appId: string;
  onEdit: (writing: Writing) => void;
  onHits: (annotationId: string) => void;
  onAdd: () => void;
}

export function AnnotationList({ appId, onEdit, onHits, onAdd }: AnnotationListProps) {
  const { t } = useTranslation();
  const may = useMay();
  const [search, setSearch] = useState("");
  const [searched] = useDebouncedValue(search.trim(), SEARCH_MS);
  const list = useAnnotations(appId, searched);
  const rows = list.data?.pages.flatMap((page) => page.results) ?? [];
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const remove = useRemove(appId);
  const chosen = rows.filter((row) => picked.has(row.id)).map((row) => row.id);
  const pick = (id: string, isPicked: boolean) => setPicked(new Set(isPicked ? [...chosen, id] : chosen.filter((each) => each !== id)));
  if (list.isError) return <ErrorState error={list.error} onRetry={() => void list.refetch()} />;
  if (list.isPending) return <RowsSkeleton />;
  if (rows.length === 0 && !searched) {
    const add = may.edit && (
      <Button leftSection={<IconPlus size={16} />} onClick={onAdd}>
        {t("annotations.addFirst")}
      </Button>
    );
    return <EmptyState icon={IconMessageReply} title={t("annotations.emptyTitle")} text={t("annotations.emptyText")} action={add} />;
  }
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <TextInput flex={1} miw={200} leftSection={<IconSearch size={16} />} aria-label={t("annotations.search")} placeholder={t("annotations.search")} value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
        {chosen.length > 0 && (
          <Button variant="light" color="red" leftSection={<IconTrash size={16} />} onClick={() => remove(chosen)}>
            {t("annotations.deleteMany", { count: chosen.length })}
          </Button>
        )}
      </Group>
      {rows.length === 0 && <Text c="dimmed">{t("annotations.noneFound")}</Text>}
      <Stack gap={0} component="ul" className={classes.list}>
        {rows.map((row) => (
          <Paper key={row.id} component="li" className={classes.item} radius={0}>
            {may.edit && <Checkbox mt={2} aria-label={t("annotations.pick", { question: row.question })} checked={picked.has(row.id)} onChange={(event) => pick(row.id, event.currentTarget.checked)} />}
            <Row row={row} onOpen={() => (may.edit ? onEdit(writingOf(row)) : onHits(row.id))} onHits={() => onHits(row.id)} />
            {may.edit && (
              <Tooltip label={t("common.delete")}>
                <ActionIcon variant="subtle" color="gray" aria-label={t("annotations.deleteOne", { question: row.question })} onClick={() => remove([row.id])}>
                  <IconTrash size={16} />
                </ActionIcon>
              </Tooltip>
            )}
          </Paper>
        ))}
      </Stack>
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()} style={{ alignSelf: "center" }}>
          {t("annotations.more")}
        </Button>
      )}
    </Stack>
  );
}

function Row({ row, onOpen, onHits }: { row: Annotation; onOpen: () => void; onHits: () => void }) {
  const { t } = useTranslation();
  return (
    <div className={classes.texts}>
      <UnstyledButton onClick={onOpen} w="100%">
        <Text fw={500} lineClamp={2}>
          {row.question}
        </Text>
        <Text size="sm" c="dimmed" lineClamp={2}>
          {row.answer}
        </Text>
      </UnstyledButton>
      <Group gap="xs" mt={4} c="dimmed">
        <UnstyledButton onClick={onHits} className={classes.hits}>
          <Text size="xs" className="numbers">
            {t("annotations.hits", { count: row.hit_count })}
          </Text>
        </UnstyledButton>
        <Text size="xs">
          · <RelativeTime at={row.updated_at} />
          {row.author && ` · ${row.author.name}`}
          {row.run_id && ` · ${t("annotations.fromRun")}`}
        </Text>
      </Group>
      {row.reason && (
        <Group gap={6} mt={4} wrap="nowrap" c="var(--warning-text)">
          <IconAlertTriangle size={14} style={{ flex: "none" }} />
          <Text size="xs">{t("annotations.unfound", { reason: row.reason })}</Text>
        </Group>
      )}
    </div>
  );
}

/** Deletes and says so, with an undo. */
function useRemove(appId: string): (ids: string[]) => void {
  const { t } = useTranslation();
  const gone = useMany(appId, "delete");
  const back = useMany(appId, "restore");
  return (ids) => {
    const id = `annotations-${ids.join()}`;
    const undo = () => {
      back.mutate(ids);
      notifications.hide(id);
    };
    const message = (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{t("annotations.deleted", { count: ids.length })}</Text>
        <Button size="compact-xs" variant="light" onClick={undo}>
          {t("annotations.undo")}
        </Button>
      </Group>
    );
    gone.mutate(ids, { onSuccess: () => notifications.show({ id, autoClose: UNDO_MS, withBorder: true, color: "accent", message }) });
  };
}
