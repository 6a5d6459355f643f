/** Makes a dataset: a name is enough, the rest has good defaults. */
import { Button, Collapse, Group, Modal, NumberInput, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, ApiError } from "@/shared/api/client";
import { useModels } from "@/shared/api/queries";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { useRoute } from "@/shared/api/workspace";
import { ErrorState } from "@/shared/ui/states";

export function CreateDataset({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("knowledge.new")}>
      <CreateDatasetForm onClose={onClose} />
    </Modal>
  );
}

type Values = { name: string; description: string; embedding_model: string; chunk_tokens: number | string; chunk_overlap_tokens: number | string };

/** Only what was filled in is sent: the server knows the defaults. */
function bodyOf(values: Values): Record<string, string | number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ""));
}

function CreateDatasetForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const models = useModels();
  const [more, setMore] = useState(false);
  const form = useForm<Values>({ initialValues: { name: "", description: "", embedding_model: "", chunk_tokens: "", chunk_overlap_tokens: "" } });
  const create = useMutation({
    mutationFn: (values: Values) => api.post<Dataset>("/datasets", bodyOf(values)),
    onSuccess: async (dataset) => {
      await client.invalidateQueries({ queryKey: ["datasets"] });
      await navigate(route(`knowledge/${dataset.id}`));
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  const embedding = models.data?.filter((model) => model.kind === "embedding") ?? [];
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
      <Stack>
        {create.isError && <ErrorState error={create.error} />}
        <TextInput label={t("common.name")} placeholder={t("knowledge.namePlaceholder")} required maxLength={200} data-autofocus {...form.getInputProps("name")} />
        <Textarea label={t("knowledge.descriptionLabel")} autosize minRows={2} {...form.getInputProps("description")} />
        <Collapse expanded={more}>
          <Stack>
            <Select
              label={t("knowledge.embeddingModel")}
              description={t("knowledge.embeddingHint")}
              placeholder={t("knowledge.standard")}
              data={embedding.map((model) => ({ value: model.id, label: model.name }))}
              {...form.getInputProps("embedding_model")}
            />
            <Group grow align="flex-start">
              <NumberInput label={t("knowledge.chunkTokens")} placeholder={t("knowledge.standard")} min={32} max={4096} allowDecimal={false} {...form.getInputProps("chunk_tokens")} />
              <NumberInput label={t("knowledge.overlapTokens")} placeholder={t("knowledge.standard")} min={0} allowDecimal={false} {...form.getInputProps("chunk_overlap_tokens")} />
            </Group>
          </Stack>
        </Collapse>
        <Group justify="space-between">
          <Button variant="subtle" color="gray" onClick={() => setMore(!more)} aria-expanded={more} px={0}>
            {t(more ? "knowledge.less" : "knowledge.more")}
          </Button>
          <Group gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={create.isPending}>
              {t("common.create")}
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}
