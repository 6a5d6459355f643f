/** Has a chat model write cases from the chunks of a dataset. */
import { Modal, NumberInput, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import { useDatasets } from "@/shared/api/queries";
import { FormButtons } from "@/shared/ui/FormButtons";
import { ErrorState } from "@/shared/ui/states";
import { ModelField } from "./ModelField";

export function GenerateCases({ setId, opened, onClose }: { setId: string; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const datasets = useDatasets();
  const [datasetId, setDatasetId] = useState<string | null>(null);
  const [model, setModel] = useState("");
  const [count, setCount] = useState<number | string>(10);
  const generate = useMutation({
    mutationFn: () => api.post(`/test-sets/${setId}/generate`, { dataset_id: datasetId, model, count: Number(count) }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["evaluation-sets"] });
      onClose();
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title={t("evaluations.cases.generate")}>
      <Stack component="form" onSubmit={(event) => (event.preventDefault(), generate.mutate())}>
        <Text size="sm" c="dimmed">
          {t("evaluations.cases.generateText")}
        </Text>
        <Select label={t("evaluations.cases.dataset")} data={(datasets.data ?? []).map((each) => ({ value: each.id, label: each.name }))} value={datasetId} onChange={setDatasetId} required searchable />
        <ModelField kind="chat" value={model} onChange={setModel} />
        <NumberInput label={t("evaluations.cases.count")} min={1} max={200} value={count} onChange={setCount} required />
        {generate.isError && <ErrorState error={generate.error} />}
        <FormButtons onClose={onClose} busy={generate.isPending} disabled={!datasetId || !model} label={t("evaluations.cases.generate")} />
      </Stack>
    </Modal>
  );
}
