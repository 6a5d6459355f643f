/** Writes a passage: its text, the answer where it is a question, the words it should be found by. */
import { Button, Group, Paper, Stack, TagsInput, Text, Textarea } from "@mantine/core";
import { getHotkeyHandler } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Chunk } from "@/shared/api/knowledgeTypes";
import type { ChunkEdit } from "./useChunks";

interface ChunkFormProps {
  chunk?: Chunk;
  withAnswer: boolean;
  busy: boolean;
  onSave: (edit: ChunkEdit) => void;
  onCancel: () => void;
}

export function ChunkForm({ chunk, withAnswer, busy, onSave, onCancel }: ChunkFormProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(chunk?.text ?? "");
  const [answer, setAnswer] = useState(chunk?.answer ?? "");
  const [keywords, setKeywords] = useState<string[]>(chunk?.keywords ?? []);
  const save = () => {
    if (text.trim()) onSave({ text, answer, keywords });
  };
  const keys = getHotkeyHandler([["mod+Enter", save], ["Escape", onCancel]]);
  return (
    <Paper p="sm" onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}>
      <Stack gap="sm">
        <Textarea label={t(withAnswer ? "knowledge.questionText" : "knowledge.chunkText")} autosize minRows={4} maxRows={18} value={text} onChange={(event) => setText(event.currentTarget.value)} onKeyDown={keys} required data-autofocus autoFocus />
        {withAnswer && <Textarea label={t("knowledge.answerText")} autosize minRows={2} maxRows={12} value={answer} onChange={(event) => setAnswer(event.currentTarget.value)} onKeyDown={keys} />}
        <TagsInput label={t("knowledge.keywords")} description={t("knowledge.keywordsHint")} value={keywords} onChange={setKeywords} clearable />
        <Group justify="space-between" gap="xs">
          <Text size="xs" c="dimmed" visibleFrom="xs">
            {t("knowledge.saveKeys")}
          </Text>
          <Group gap="xs" ml="auto">
            <Button size="xs" variant="default" onClick={onCancel}>
              {t("common.cancel")}
            </Button>
            <Button size="xs" loading={busy} disabled={text.trim() === ""} onClick={save}>
              {t("common.save")}
            </Button>
          </Group>
        </Group>
      </Stack>
    </Paper>
  );
}
