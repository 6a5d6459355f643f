/** A new test set: a name, and the app that it is for. */
import { Modal, Select, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "@/shared/api/client";
import { useApps } from "@/shared/api/queries";
import { useRoute } from "@/shared/api/workspace";
import type { TestSet } from "@/shared/evaluations/types";
import { FormButtons } from "@/shared/ui/FormButtons";
import { ErrorState } from "@/shared/ui/states";

export function NewSet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("evaluations.new.sets")}>
      <Form onClose={onClose} />
    </Modal>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const apps = useApps();
  const [name, setName] = useState("");
  const [appId, setAppId] = useState<string | null>(null);
  const create = useMutation({
    mutationFn: () => api.post<TestSet>("/test-sets", { name: name.trim(), app_id: appId }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["evaluation-sets"] });
      onClose();
      await navigate(route(`evaluations/sets/${made.id}`));
    },
  });
  return (
    <Stack component="form" onSubmit={(event) => (event.preventDefault(), create.mutate())}>
      <TextInput label={t("evaluations.sets.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required maxLength={120} data-autofocus />
      <Select label={t("evaluations.sets.app")} placeholder={t("evaluations.sets.everyApp")} data={(apps.data ?? []).map((app) => ({ value: app.id, label: app.name }))} value={appId} onChange={setAppId} clearable searchable />
      {create.isError && <ErrorState error={create.error} />}
      <FormButtons onClose={onClose} busy={create.isPending} disabled={name.trim() === ""} label={t("evaluations.create")} />
    </Stack>
  );
}
