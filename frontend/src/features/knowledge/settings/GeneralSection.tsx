/** What a dataset is called, what it is for, and the words it is grouped by. */
import { Button, Group, Stack, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import type { Dataset, DatasetTag } from "@/shared/api/knowledgeTypes";
import { useMay } from "@/shared/api/workspace";
import { notifyError } from "@/shared/ui/notify";
import { useDatasetTags } from "../queries";
import { useSave } from "./useSave";

export function GeneralSection({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const tags = useDatasetTags();
  const [name, setName] = useState(dataset.name);
  const [description, setDescription] = useState(dataset.description);
  const [words, setWords] = useState(dataset.tags.map((tag) => tag.name));
  const save = useSave(dataset.id, () => void client.invalidateQueries({ queryKey: ["dataset-tags"] }));
  const submit = useMutation({
    mutationFn: async () => save.mutate({ name, description, tags: await tagIds(words, tags.data ?? []) }),
    onError: notifyError,
  });
  const fields = save.error instanceof ApiError ? save.error.fields : {};
  return (
    <Stack maw={640} component="form" onSubmit={(event) => (event.preventDefault(), submit.mutate())}>
      <TextInput label={t("common.name")} required maxLength={120} disabled={!may.edit} value={name} onChange={(event) => setName(event.currentTarget.value)} error={fields.name} />
      <Textarea label={t("knowledge.descriptionLabel")} description={t("knowledge.descriptionHint")} autosize minRows={2} disabled={!may.edit} value={description} onChange={(event) => setDescription(event.currentTarget.value)} error={fields.description} />
      <TagsInput label={t("knowledge.tags")} description={t("knowledge.tagsHint")} maxLength={50} disabled={!may.edit} data={(tags.data ?? []).map((tag) => tag.name)} value={words} onChange={setWords} />
      {may.edit && (
        <Group>
          <Button type="submit" loading={save.isPending || submit.isPending} disabled={name.trim() === ""}>
            {t("common.save")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** The ids of the tags with these names; those that are not there yet are made. */
async function tagIds(names: string[], known: DatasetTag[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const tag = known.find((each) => each.name === name) ?? (await api.post<DatasetTag>("/dataset-tags", { name }));
    ids.push(tag.id);
  }
  return ids;
}
