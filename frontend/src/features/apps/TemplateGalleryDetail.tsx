/** One template: its drawing, what it needs, and the app that is made of it. */
import { ActionIcon, Alert, Badge, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconArrowLeft, IconCheck, IconInfoCircle } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, ApiError } from "@/shared/api/client";
import { useDatasets, useModels } from "@/shared/api/queries";
import type { App } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { ErrorState } from "@/shared/ui/states";
import { useWordsOf, type NeedKind, type Template } from "./TemplateGallery";
import classes from "./TemplateGallery.module.css";
import { Drawing } from "./TemplateGalleryDrawing";

export function TemplateDetail({ template, onBack }: { template: Template; onBack: () => void }) {
  const { t } = useTranslation();
  const words = useWordsOf();
  return (
    <Stack>
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <ActionIcon variant="subtle" onClick={onBack} aria-label={t("templates.back")} mt={2}>
          <IconArrowLeft size={18} />
        </ActionIcon>
        <Stack gap={4} flex={1}>
          <Group gap="xs">
            <Text fw={600}>
              {words(template.name)}
            </Text>
            <Badge color="gray">{t(`apps.modes.${template.mode}`)}</Badge>
          </Group>
          <Text size="sm" c="dimmed">
            {words(template.description)}
          </Text>
        </Stack>
      </Group>
      {/* It can be focused because it scrolls. */}
      <div className={classes.stage} tabIndex={0} role="group" aria-label={t("templates.preview")}>
        {template.preview.nodes.length > 0 ? <Drawing preview={template.preview} label={template.preview.nodes.map((node) => node.title).filter(Boolean).join(" → ")} /> : <pre>{template.prompt}</pre>}
      </div>
      <Needs template={template} />
      <Make template={template} />
    </Stack>
  );
}

function Needs({ template }: { template: Template }) {
  const { t } = useTranslation();
  const words = useWordsOf();
  const missing = template.needs.filter((need) => !need.met);
  if (missing.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        <IconCheck size={14} style={{ verticalAlign: -2 }} aria-hidden /> {t("templates.ready")}
      </Text>
    );
  }
  return (
    <Alert color="yellow" variant="light" icon={<IconInfoCircle size={18} />} title={t("templates.lacks")}>
      {missing.map((need) => (
        <Text key={need.kind} size="sm">
          {words(need.text)}
        </Text>
      ))}
    </Alert>
  );
}

function Make({ template }: { template: Template }) {
  const { t } = useTranslation();
  const words = useWordsOf();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const models = useModels();
  const datasets = useDatasets();
  const chat = (models.data ?? []).filter((each) => each.kind === "chat");
  const offered = chat.map((each) => ({ value: each.id, label: each.name }));
  const better = chat.find((each) => !each.embedded) ?? chat[0];
  const needs = (kind: NeedKind) => template.needs.some((need) => need.kind === kind);
  const [name, setName] = useState(words(template.name));
  const [model, setModel] = useState<string | null>(null);
  const [second, setSecond] = useState<string | null>(null);
  const [dataset, setDataset] = useState<string | null | undefined>(undefined);
  const first = model ?? better?.id ?? null;
  const searched = dataset === undefined ? (datasets.data?.[0]?.id ?? null) : dataset;
  const other = second ?? chat.find((each) => each.id !== first)?.id ?? first;
  const make = useMutation({
    mutationFn: () =>
      api.post<App>(`/templates/${template.id}/apps`, {
        name: name.trim(),
        model: first ?? "",
        ...(needs("second_model") ? { second_model: other ?? "" } : {}),
        ...(needs("dataset") ? { dataset: searched } : {}),
      }),
    onSuccess: async (app) => {
      await client.invalidateQueries({ queryKey: ["apps"] });
      await navigate(route(`apps/${app.id}/build`));
    },
  });
  const fields = make.error instanceof ApiError ? make.error.fields : {};
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <Stack>
        {make.isError && <ErrorState error={make.error} />}
        <TextInput label={t("apps.name")} required maxLength={120} value={name} onChange={(event) => setName(event.currentTarget.value)} error={fields.name} data-autofocus />
        <Group grow align="flex-start">
          <Select label={needs("second_model") ? t("templates.firstModel") : t("templates.model")} data={offered} value={first} onChange={setModel} allowDeselect={false} error={fields.model} />
          {needs("second_model") && <Select label={t("templates.secondModel")} data={offered} value={other} onChange={setSecond} allowDeselect={false} error={fields.second_model} />}
          {needs("dataset") && (
            <Select
              label={t("templates.dataset")}
              placeholder={datasets.data?.length === 0 ? t("templates.noDataset") : t("templates.chooseDataset")}
              data={(datasets.data ?? []).map((each) => ({ value: each.id, label: each.name }))}
              value={searched}
              onChange={setDataset}
              clearable
              disabled={datasets.data?.length === 0}
              error={fields.dataset}
            />
          )}
        </Group>
        <Group justify="flex-end">
          <Button type="submit" loading={make.isPending} disabled={name.trim() === ""}>
            {t("templates.use")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
