/** A question and what answers it: documents by name, or a phrase that a right passage holds. */
import { Button, Group, Modal, Stack, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { TestCase } from "@/shared/api/retrievalTypes";
import { ErrorState } from "@/shared/ui/states";
import { useDocuments } from "../queries";
import { setsPath } from "./queries";

interface CaseEditorProps {
  datasetId: string;
  setId: string;
  labelled: TestCase | null;
  opened: boolean;
  onClose: () => void;
}

export function CaseEditor({ opened, onClose, labelled, ...rest }: CaseEditorProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t(labelled ? "knowledge.editCase" : "knowledge.addCase")} size="lg">
      <CaseForm labelled={labelled} onClose={onClose} {...rest} />
    </Modal>
  );
}

function CaseForm({ datasetId, setId, labelled, onClose }: Omit<CaseEditorProps, "opened">) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [question, setQuestion] = useState(labelled?.question ?? "");
  const [documents, setDocuments] = useState(labelled?.documents ?? []);
  const [phrase, setPhrase] = useState(labelled?.phrase ?? "");
  const [chunks, setChunks] = useState(labelled?.chunks ?? []);
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed, 200);
  const found = useDocuments(datasetId, { search, status: "", state: "", ordering: "name" });
  const names = [...new Set((found.data?.pages.flatMap((page) => page.results) ?? []).map((document) => document.name))];
  const path = `${setsPath(datasetId)}/${setId}/cases`;
  const save = useMutation({
    mutationFn: () => {
      const body = { question: question.trim(), documents, phrase: phrase.trim(), chunks };
      return labelled ? api.patch(`${path}/${labelled.id}`, body) : api.post(path, body);
    },
    onSuccess: async () => {
      await Promise.all([client.invalidateQueries({ queryKey: ["cases", setId] }), client.invalidateQueries({ queryKey: ["test-sets", datasetId] })]);
      onClose();
    },
  });
  const hasLabel = documents.length > 0 || phrase.trim() !== "" || chunks.length > 0;
  return (
    <Stack component="form" onSubmit={(event) => (event.preventDefault(), save.mutate())}>
      <Textarea label={t("knowledge.query")} autosize minRows={2} value={question} onChange={(event) => setQuestion(event.currentTarget.value)} required data-autofocus />
      <TagsInput label={t("knowledge.rightDocuments")} description={t("knowledge.rightDocumentsHint")} data={names} value={documents} onChange={setDocuments} onSearchChange={setTyped} />
      <TextInput label={t("knowledge.phrase")} description={t("knowledge.phraseHint")} value={phrase} onChange={(event) => setPhrase(event.currentTarget.value)} />
      {chunks.length > 0 && (
        <Group gap="xs">
          <Text size="sm">{t("knowledge.markedChunks", { count: chunks.length })}</Text>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setChunks([])}>
            {t("knowledge.remove")}
          </Button>
        </Group>
      )}
      {save.isError && <ErrorState error={save.error} />}
      <Group justify="flex-end" gap="xs">
        {!hasLabel && (
          <Text size="xs" c="dimmed" mr="auto">
            {t("knowledge.labelNeeded")}
          </Text>
        )}
        <Button variant="default" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button type="submit" loading={save.isPending} disabled={question.trim() === "" || !hasLabel}>
          {t("common.save")}
        </Button>
      </Group>
    </Stack>
  );
}
