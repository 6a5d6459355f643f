/** Makes a hit the right answer of a question: a labelled case in a test set, to measure settings with. */
import { Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { TestCase, TestSet } from "@/shared/api/retrievalTypes";
import type { Page } from "@/shared/api/types";
import { FormButtons } from "@/shared/ui/FormButtons";
import { ErrorState } from "@/shared/ui/states";
import { useTestSets } from "../evaluation/queries";
import type { RankedHit } from "./stages";

const NEW = "new";

interface MarkAsRightProps {
  dataset: Dataset;
  query: string;
  hit: RankedHit | null;
  onClose: () => void;
}

export function MarkAsRight({ dataset, query, hit, onClose }: MarkAsRightProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const sets = useTestSets(dataset.id);
  const [last, setLast] = useLocalStorage({ key: `atelier-test-set-${dataset.id}`, defaultValue: "" });
  const [picked, setPicked] = useState<string | null>(null);
  const [name, setName] = useState("");
  const list = sets.data ?? [];
  const chosen = picked ?? (list.some((set) => set.id === last) ? last : (list[0]?.id ?? NEW));
  const mark = useMutation({
    mutationFn: async (chunkId: string) => {
      const path = `/datasets/${dataset.id}/test-sets`;
      const id = chosen === NEW ? (await api.post<TestSet>(path, { name: name.trim() })).id : chosen;
      await addAnswer(`${path}/${id}/cases`, query, chunkId);
      return id;
    },
    onSuccess: async (id) => {
      setLast(id);
      await Promise.all([client.invalidateQueries({ queryKey: ["test-sets", dataset.id] }), client.invalidateQueries({ queryKey: ["cases", id] })]);
      notifications.show({ message: t("knowledge.markedDone"), color: "accent", autoClose: 3_000, withBorder: true });
      onClose();
    },
  });
  return (
    <Modal opened={hit !== null} onClose={onClose} title={t("knowledge.markAsRight")}>
      <Stack component="form" onSubmit={(event) => (event.preventDefault(), hit && mark.mutate(hit.chunkId))}>
        <Text size="sm" c="dimmed">
          {t("knowledge.markText")}
        </Text>
        <Text size="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
          {query}
        </Text>
        <Text size="sm" className="clamp-2" c="dimmed">
          {hit?.chunk?.text}
        </Text>
        <Select
          label={t("knowledge.testSet")}
          data={[...list.map((set) => ({ value: set.id, label: set.name })), { value: NEW, label: t("knowledge.newTestSet") }]}
          value={chosen}
          onChange={setPicked}
          allowDeselect={false}
        />
        {chosen === NEW && <TextInput label={t("common.name")} placeholder={t("knowledge.testSetPlaceholder")} value={name} onChange={(event) => setName(event.currentTarget.value)} required maxLength={120} data-autofocus />}
        {mark.isError && <ErrorState error={mark.error} />}
        <FormButtons onClose={onClose} busy={mark.isPending} disabled={chosen === NEW && name.trim() === ""} label={t("knowledge.mark")} />
      </Stack>
    </Modal>
  );
}

/** A question that is there already gets one more right passage; it is not asked twice. */
async function addAnswer(path: string, question: string, chunkId: string): Promise<void> {
  const found = await api.get<Page<TestCase>>(path, { search: question, limit: 20 });
  const same = found.results.find((each) => each.question === question);
  if (!same) await api.post(path, { question, documents: [], chunks: [chunkId], phrase: "" });
  else if (!same.chunks.includes(chunkId)) await api.patch(`${path}/${same.id}`, { chunks: [...same.chunks, chunkId] });
}
