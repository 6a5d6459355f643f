/** Makes a dataset: a name is enough, the rest has good defaults. */
import { Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, ApiError } from "@/shared/api/client";
import type { ChunkMode, Dataset } from "@/shared/api/knowledgeTypes";
import { useRoute } from "@/shared/api/workspace";
import { FormButtons } from "@/shared/ui/FormButtons";
import { ErrorState } from "@/shared/ui/states";
import { ModeChoice } from "./ModeChoice";
import { ModelSelect } from "./ModelSelect";

export function CreateDataset({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("knowledge.new")} size="lg">
      <CreateDatasetForm onClose={onClose} />
    </Modal>
  );
}

interface Values {
  name: string;
  description: string;
  chunk_mode: ChunkMode;
  embedding_model: string;
  qa_model: string;
}

/** Only what was filled in is sent: the server knows the defaults. */
function bodyOf(values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== "" && (name !== "qa_model" || values.chunk_mode === "qa")));
}

function CreateDatasetForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const form = useForm<Values>({ initialValues: { name: "", description: "", chunk_mode: "general", embedding_model: "", qa_model: "" } });
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
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
      <Stack>
        {create.isError && <ErrorState error={create.error} />}
        <TextInput label={t("common.name")} placeholder={t("knowledge.namePlaceholder")} required maxLength={120} data-autofocus {...form.getInputProps("name")} />
        <ModeChoice value={form.values.chunk_mode} onChange={(mode) => form.setFieldValue("chunk_mode", mode)} />
        {form.values.chunk_mode === "qa" && (
          <ModelSelect kind="chat" label={t("knowledge.qaModel")} description={t("knowledge.qaModelHint")} placeholder={t("knowledge.none")} clearable {...form.getInputProps("qa_model")} />
        )}
        <ModelSelect
          kind="embedding"
          label={t("knowledge.embeddingModel")}
          description={t("knowledge.embeddingHint")}
          placeholder={t("knowledge.standard")}
          clearable
          {...form.getInputProps("embedding_model")}
        />
        <Textarea label={t("knowledge.descriptionLabel")} autosize minRows={2} {...form.getInputProps("description")} />
        <FormButtons onClose={onClose} busy={create.isPending} label={t("common.create")} />
      </Stack>
    </form>
  );
}
