/** Adds or changes a provider: from a preset or any address, tried before it is saved. */
import { Anchor, Button, Chip, Drawer, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlugConnected } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import type { Provider, ProviderPreset, ProviderTest } from "@/shared/api/types";
import { FormButtons } from "@/shared/ui/FormButtons";
import { notifyDone } from "@/shared/ui/notify";
import { ErrorState } from "@/shared/ui/states";
import { ModelsEditor } from "./ModelsEditor";
import { blankModel, bodyOf, valuesOf } from "./providerForm";
import { TestResult } from "./TestResult";

interface ProviderEditorProps {
  opened: boolean;
  provider: Provider | null;
  onClose: () => void;
}

export function ProviderEditor({ opened, provider, onClose }: ProviderEditorProps) {
  const { t } = useTranslation();
  return (
    <Drawer opened={opened} onClose={onClose} title={provider ? provider.name : t("models.addProvider")} size={640}>
      <ProviderForm provider={provider} onClose={onClose} />
    </Drawer>
  );
}

function ProviderForm({ provider, onClose }: { provider: Provider | null; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = useForm({ initialValues: valuesOf(provider) });
  const test = useMutation({
    mutationFn: () => {
      const { base_url, api_key } = form.values;
      const stored = provider !== null && api_key === "" && base_url === provider.base_url;
      return stored ? api.post<ProviderTest>(`/providers/${provider.id}/test`) : api.post<ProviderTest>("/providers/test", { base_url, api_key });
    },
  });
  const save = useMutation({
    mutationFn: () => {
      const body = bodyOf(form.values);
      return provider ? api.patch<Provider>(`/providers/${provider.id}`, body) : api.post<Provider>("/providers", body);
    },
    onSuccess: async (saved) => {
      await client.invalidateQueries({ queryKey: ["providers"] });
      await client.invalidateQueries({ queryKey: ["models"] });
      notifyDone(t("models.saved", { name: saved.name }));
      onClose();
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  const known = new Set(form.values.models.map((model) => model.name));
  const found = (test.data?.models ?? []).filter((name) => !known.has(name));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack>
        {provider === null && (
          <Presets
            onChoose={(preset) => {
              form.setFieldValue("name", preset.name);
              form.setFieldValue("base_url", preset.base_url);
            }}
          />
        )}
        <TextInput label={t("common.name")} description={t("models.nameHint")} required {...form.getInputProps("name")} />
        <TextInput label={t("models.baseUrl")} placeholder="http://localhost:11434/v1" required classNames={{ input: "mono" }} {...form.getInputProps("base_url")} />
        <PasswordInput
          label={t("models.apiKey")}
          description={t("models.keyHint")}
          placeholder={provider?.has_key ? t("models.keyKept") : undefined}
          autoComplete="off"
          {...form.getInputProps("api_key")}
        />
        <Group>
          <Button variant="default" leftSection={<IconPlugConnected size={16} />} onClick={() => test.mutate()} loading={test.isPending} disabled={!form.values.base_url}>
            {t("models.test")}
          </Button>
        </Group>
        {test.isError && <ErrorState error={test.error} />}
        {test.data && <TestResult result={test.data} />}
        {found.length > 0 && <FoundModels names={found} onAdd={(names) => form.setFieldValue("models", [...form.values.models, ...names.map(blankModel)])} />}
        <ModelsEditor models={form.values.models} errors={save.error instanceof ApiError ? save.error.fields : {}} onChange={(models) => form.setFieldValue("models", models)} />
        {save.isError && <ErrorState error={save.error} />}
        <FormButtons onClose={onClose} busy={save.isPending} />
      </Stack>
    </form>
  );
}

function Presets({ onChoose }: { onChoose: (preset: ProviderPreset) => void }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string | null>(null);
  const presets = useQuery({
    queryKey: ["provider-presets"],
    queryFn: () => api.get<ProviderPreset[] | { results: ProviderPreset[] }>("/provider-presets"),
    select: (answer) => (Array.isArray(answer) ? answer : answer.results),
    staleTime: Infinity,
  });
  const preset = presets.data?.find((each) => each.id === chosen);
  if (!presets.data?.length) return null;
  return (
    <Stack gap={6}>
      <Text size="sm" fw={500}>
        {t("models.startFrom")}
      </Text>
      <Chip.Group
        value={chosen ?? ""}
        onChange={(id) => {
          const found = presets.data.find((each) => each.id === id);
          setChosen(String(id));
          if (found) onChoose(found);
        }}
      >
        <Group gap={6}>
          {presets.data.map((each) => (
            <Chip key={each.id} value={each.id} size="xs" variant="light">
              {each.name}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      {preset?.hint && (
        <Text size="sm" c="dimmed">
          {preset.hint}
        </Text>
      )}
    </Stack>
  );
}

const FOUND_SHOWN = 24;

function FoundModels({ names, onAdd }: { names: string[]; onAdd: (names: string[]) => void }) {
  const { t } = useTranslation();
  return (
    <Stack gap={6}>
      <Group justify="space-between">
        <Text size="sm" fw={500}>
          {t("models.found")}
        </Text>
        {names.length <= FOUND_SHOWN && (
          <Anchor component="button" type="button" size="sm" onClick={() => onAdd(names)}>
            {t("models.addAll")}
          </Anchor>
        )}
      </Group>
      <Group gap={6} mah={160} style={{ overflowY: "auto" }}>
        {names.map((name) => (
          <Button key={name} size="compact-xs" variant="default" className="mono" onClick={() => onAdd([name])}>
            + {name}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}
