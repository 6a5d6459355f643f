/** The parts of a passage that are searched in its stead: read, change, add, delete. */
import { ActionIcon, Box, Button, Collapse, Group, Stack, Text, Textarea, UnstyledButton } from "@mantine/core";
import { getHotkeyHandler } from "@mantine/hooks";
import { IconChevronRight, IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Chunk } from "@/shared/api/knowledgeTypes";
import { formatCount } from "@/shared/format/numbers";
import classes from "../knowledge.module.css";
import { useChunkChange } from "./useChunks";

const NEW = "new";

interface ChildrenProps {
  datasetId: string;
  documentId: string;
  chunk: Chunk;
  mayEdit: boolean;
}

export function Children({ datasetId, documentId, chunk, mayEdit }: ChildrenProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [editing, setEditing] = useState<string | null>(null);
  const save = useChunkChange(
    datasetId,
    documentId,
    (path, { id, text }: { id: string; text: string }) => (id === NEW ? api.post(`${path}/${chunk.id}/children`, { text }) : api.patch(`${path}/${chunk.id}/children/${id}`, { text })),
    () => setEditing(null),
  );
  const remove = useChunkChange(datasetId, documentId, (path, id: string) => api.delete(`${path}/${chunk.id}/children/${id}`));
  return (
    <Box mt="xs">
      <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open}>
        <Group gap={4}>
          <IconChevronRight size={13} style={{ transform: open ? "rotate(90deg)" : undefined }} aria-hidden />
          <Text size="xs" c="dimmed" fw={500}>
            {t("knowledge.childCount", { count: chunk.children.length })}
          </Text>
        </Group>
      </UnstyledButton>
      <Collapse expanded={open}>
        <Stack gap={4} mt={6} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
          {chunk.children.map((child, index) => (
            <li key={child.id} className={classes.child}>
              {editing === child.id ? (
                <ChildForm text={child.text} busy={save.isPending} onSave={(text) => save.mutate({ id: child.id, text })} onCancel={() => setEditing(null)} />
              ) : (
                <Group wrap="nowrap" gap="xs" align="flex-start">
                  <Text size="sm" flex={1} style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                    {child.text}
                  </Text>
                  <Text size="xs" c="dimmed" className="numbers" style={{ flex: "none" }}>
                    {formatCount(child.tokens)}
                  </Text>
                  {mayEdit && (
                    <Group gap={0} wrap="nowrap">
                      <ActionIcon size="sm" variant="subtle" aria-label={t("knowledge.editChild", { number: index + 1 })} onClick={() => setEditing(child.id)}>
                        <IconPencil size={14} />
                      </ActionIcon>
                      <ActionIcon size="sm" variant="subtle" aria-label={t("knowledge.deleteChild", { number: index + 1 })} loading={remove.isPending && remove.variables === child.id} onClick={() => remove.mutate(child.id)}>
                        <IconTrash size={14} />
                      </ActionIcon>
                    </Group>
                  )}
                </Group>
              )}
            </li>
          ))}
          {mayEdit && (
            <li className={classes.child}>
              {editing === NEW ? (
                <ChildForm text="" busy={save.isPending} onSave={(text) => save.mutate({ id: NEW, text })} onCancel={() => setEditing(null)} />
              ) : (
                <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={13} />} onClick={() => setEditing(NEW)}>
                  {t("knowledge.addChild")}
                </Button>
              )}
            </li>
          )}
        </Stack>
      </Collapse>
    </Box>
  );
}

function ChildForm({ text: initial, busy, onSave, onCancel }: { text: string; busy: boolean; onSave: (text: string) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(initial);
  const save = () => {
    if (text.trim()) onSave(text);
  };
  return (
    <Stack gap={6} onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}>
      <Textarea aria-label={t("knowledge.childText")} autosize minRows={2} maxRows={10} value={text} onChange={(event) => setText(event.currentTarget.value)} onKeyDown={getHotkeyHandler([["mod+Enter", save], ["Escape", onCancel]])} autoFocus />
      <Group gap="xs" justify="flex-end">
        <Button size="compact-xs" variant="default" onClick={onCancel}>
          {t("common.cancel")}
        </Button>
        <Button size="compact-xs" loading={busy} disabled={text.trim() === ""} onClick={save}>
          {t("common.save")}
        </Button>
      </Group>
    </Stack>
  );
}
