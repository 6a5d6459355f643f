/** A test set's name and the app that it is for: of a new one, or of one that is there. */
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

interface SetFormProps {
  /** The set that is changed; none makes a new one. */
  set?: TestSet;
  opened: boolean;
  onClose: () => void;
}

export function SetForm({ set, opened, onClose }: SetFormProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t(set ? "evaluations.sets.edit" : "evaluations.new.sets")}>
      <Form set={set} onClose={onClose} />
    </Modal>
  );
}

function Form({ set, onClose }: Omit<SetFormProps, "opened">) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const apps = useApps();
  const [name, setName] = useState(set?.name ?? "");
  const [appId, setAppId] = useState<string | null>(set?.app_id ?? null);
  const store = useMutation({
    mutationFn: () => {
      const said = { name: name.trim(), app_id: appId };
      return set ? api.patch<TestSet>(`/test-sets/${set.id}`, said) : api.post<TestSet>("/test-sets", said);
    },
    onSuccess: async (stored) => {
      await client.invalidateQueries({ queryKey: ["evaluation-sets"] });
      onClose();
      if (!set) await navigate(route(`evaluations/sets/${stored.id}`));
    },
  });
  return (
    <Stack component="form" onSubmit={(event) => (event.preventDefault(), store.mutate())}>
      <TextInput label={t("evaluations.sets.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required maxLength={120} data-autofocus />
      <Select label={t("evaluations.sets.app")} placeholder={t("evaluations.sets.everyApp")} data={(apps.data ?? []).map((app) => ({ value: app.id, label: app.name }))} value={appId} onChange={setAppId} clearable searchable />
      {store.isError && <ErrorState error={store.error} />}
      <FormButtons onClose={onClose} busy={store.isPending} disabled={name.trim() === ""} label={t(set ? "common.save" : "evaluations.create")} />
    </Stack>
  );
}
