/** Name and description of a dataset, and how its documents are cut. */
import { Button, Group, Paper, SimpleGrid, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { useMay } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { notifyDone, notifyError } from "@/shared/ui/notify";

export function DatasetSettings({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: dataset.name, description: dataset.description } });
  const save = useMutation({
    mutationFn: (values: typeof form.values) => api.patch<Dataset>(`/datasets/${dataset.id}`, values),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["dataset", dataset.id] });
      await client.invalidateQueries({ queryKey: ["datasets"] });
      notifyDone(t("common.savedDone"));
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
      notifyError(reason);
    },
  });
  const facts: [string, string][] = [
    [t("knowledge.embeddingModel"), dataset.embedding_model],
    [t("knowledge.chunkTokens"), formatCount(dataset.chunk_tokens)],
    [t("knowledge.overlapTokens"), formatCount(dataset.chunk_overlap_tokens)],
  ];
  return (
    <Stack maw={720}>
      <Paper p="lg" component="form" onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          <TextInput label={t("common.name")} required maxLength={200} disabled={!may.edit} {...form.getInputProps("name")} />
          <Textarea label={t("knowledge.descriptionLabel")} autosize minRows={2} disabled={!may.edit} {...form.getInputProps("description")} />
          {may.edit && (
            <Group>
              <Button type="submit" loading={save.isPending}>
                {t("common.save")}
              </Button>
            </Group>
          )}
        </Stack>
      </Paper>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        {facts.map(([label, value]) => (
          <Paper key={label} p="md">
            <Text size="xs" c="dimmed">
              {label}
            </Text>
            <Text fw={500} className="numbers">
              {value}
            </Text>
          </Paper>
        ))}
      </SimpleGrid>
    </Stack>
  );
}
