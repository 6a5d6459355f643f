/** Lets a chat model write questions that passages of the dataset answer. */
import { Modal, NumberInput, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import { useModels } from "@/shared/api/queries";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { FormButtons } from "@/shared/ui/FormButtons";
import { ErrorState } from "@/shared/ui/states";
import { ModelSelect } from "../ModelSelect";
import { setsPath } from "./queries";

export function GenerateCases({ dataset, setId, opened, onClose }: { dataset: Dataset; setId: string; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const models = useModels();
  const [picked, setPicked] = useState("");
  const [count, setCount] = useState<number | string>(20);
  const model = picked || (models.data?.find((each) => each.kind === "chat")?.id ?? "");
  const generate = useMutation({
    mutationFn: () => api.post(`${setsPath(dataset.id)}/${setId}/generate`, { count: Number(count) || 20, model }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["test-sets", dataset.id] });
      onClose();
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title={t("knowledge.generateCases")}>
      <Stack component="form" onSubmit={(event) => (event.preventDefault(), generate.mutate())}>
        <Text size="sm" c="dimmed">
          {t("knowledge.generateHint")}
        </Text>
        <NumberInput label={t("knowledge.questions")} min={1} max={500} allowDecimal={false} value={count} onChange={setCount} data-autofocus />
        <ModelSelect kind="chat" label={t("knowledge.writer")} value={model} onChange={setPicked} allowDeselect={false} />
        {generate.isError && <ErrorState error={generate.error} />}
        <FormButtons onClose={onClose} busy={generate.isPending} disabled={model === "" || dataset.chunk_count === 0} label={t("knowledge.generate")} />
      </Stack>
    </Modal>
  );
}
