/** The models a provider lends: name, kind, context, abilities and prices. */
import { ActionIcon, Button, Checkbox, Group, NumberInput, Paper, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ModelKind, ProviderModel } from "@/shared/api/types";
import { blankModel } from "./providerForm";

interface ModelsEditorProps {
  models: ProviderModel[];
  errors: Record<string, string>;
  onChange: (models: ProviderModel[]) => void;
}

export function ModelsEditor({ models, errors, onChange }: ModelsEditorProps) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      <Text size="sm" fw={500}>
        {t("models.models")}
      </Text>
      <Text size="xs" c="dimmed">
        {t("models.pricesHint")}
      </Text>
      {models.map((model, index) => (
        <ModelEditor
          key={index}
          model={model}
          error={Object.entries(errors).find(([path]) => path.startsWith(`models.${index}`))?.[1]}
          onChange={(change) => onChange(models.map((each, at) => (at === index ? { ...each, ...change } : each)))}
          onRemove={() => onChange(models.filter((_, at) => at !== index))}
        />
      ))}
      <Group>
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} />} onClick={() => onChange([...models, blankModel()])}>
          {t("models.addModel")}
        </Button>
      </Group>
    </Stack>
  );
}

interface ModelEditorProps {
  model: ProviderModel;
  error?: string;
  onChange: (change: Partial<ProviderModel>) => void;
  onRemove: () => void;
}

function ModelEditor({ model, error, onChange, onRemove }: ModelEditorProps) {
  const { t } = useTranslation();
  const kinds: ModelKind[] = ["chat", "embedding", "rerank"];
  return (
    <Paper p="sm">
      <Stack gap="xs">
        <Group gap="xs" align="flex-start" wrap="nowrap">
          <TextInput label={t("models.model")} value={model.name} onChange={(event) => onChange({ name: event.currentTarget.value })} error={error} flex={1} required classNames={{ input: "mono" }} />
          <Select label={t("models.kind")} data={kinds.map((value) => ({ value, label: t(`models.kinds.${value}`) }))} value={model.kind} onChange={(kind) => kind && onChange({ kind: kind as ModelKind })} allowDeselect={false} w={130} />
          <ActionIcon variant="subtle" color="gray" size="lg" mt={26} onClick={onRemove} aria-label={t("models.removeModel", { name: model.name })}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
        <Group gap="xs" grow align="flex-end">
          <NumberInput label={t("models.contextTokens")} value={model.context_tokens} min={1} allowDecimal={false} onChange={(value) => value !== "" && onChange({ context_tokens: Number(value) })} />
          <NumberInput label={t("models.inputPrice")} value={model.input_price} min={0} decimalScale={6} onChange={(value) => onChange({ input_price: String(value === "" ? 0 : value) })} />
          <NumberInput label={t("models.outputPrice")} value={model.output_price} min={0} decimalScale={6} onChange={(value) => onChange({ output_price: String(value === "" ? 0 : value) })} />
        </Group>
        {model.kind === "chat" && (
          <Group>
            <Checkbox label={t("models.supportsTools")} checked={model.supports_tools} onChange={(event) => onChange({ supports_tools: event.currentTarget.checked })} />
            <Checkbox label={t("models.supportsImages")} checked={model.supports_images} onChange={(event) => onChange({ supports_images: event.currentTarget.checked })} />
          </Group>
        )}
      </Stack>
    </Paper>
  );
}
