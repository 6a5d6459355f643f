/** Makes a test set: a name; its questions come after. */
import { Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { TestSet } from "@/shared/api/retrievalTypes";
import { FormButtons } from "@/shared/ui/FormButtons";
import { ErrorState } from "@/shared/ui/states";
import { setsPath } from "./queries";

interface NewTestSetProps {
  datasetId: string;
  opened: boolean;
  onClose: () => void;
  onMade: (set: TestSet) => void;
}

export function NewTestSet({ datasetId, opened, onClose, onMade }: NewTestSetProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const make = useMutation({
    mutationFn: () => api.post<TestSet>(setsPath(datasetId), { name: name.trim() }),
    onSuccess: async (set) => {
      await client.invalidateQueries({ queryKey: ["test-sets", datasetId] });
      setName("");
      onMade(set);
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title={t("knowledge.newTestSet")}>
      <Stack component="form" onSubmit={(event) => (event.preventDefault(), make.mutate())}>
        <Text size="sm" c="dimmed">
          {t("knowledge.testSetHint")}
        </Text>
        <TextInput label={t("common.name")} placeholder={t("knowledge.testSetPlaceholder")} value={name} onChange={(event) => setName(event.currentTarget.value)} required maxLength={120} data-autofocus />
        {make.isError && <ErrorState error={make.error} />}
        <FormButtons onClose={onClose} busy={make.isPending} disabled={name.trim() === ""} label={t("common.create")} />
      </Stack>
    </Modal>
  );
}
