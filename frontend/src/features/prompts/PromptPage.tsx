/** One prompt: its text, saved as a new version with a note, and its versions beside it. */
import { ActionIcon, Badge, Box, Button, Grid, Group, Stack, Text, Textarea, TextInput, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconCopyPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { api } from "@/shared/api/client";
import { useModels } from "@/shared/api/queries";
import { useMay, useRoute } from "@/shared/api/workspace";
import { useLeaveGuard } from "./useLeaveGuard";
import { PromptAssistant } from "@/shared/prompting";
import { CopyButton } from "@/shared/ui/bits";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { Page } from "@/shared/ui/Page";
import { Loaded, RowsSkeleton } from "@/shared/ui/states";
import { variablesIn } from "./promptText";
import type { PromptDetail, PromptVersion } from "./promptTypes";
import classes from "./prompts.module.css";
import { refreshPrompt, usePrompt } from "./queries";
import { UseInApp } from "./UseInApp";
import { Versions } from "./Versions";

export function PromptPage({ promptId }: { promptId: string }) {
  const prompt = usePrompt(promptId);
  return <Loaded query={prompt} skeleton={<Waiting />}>{(loaded) => <PromptFrame key={loaded.version} prompt={loaded} />}</Loaded>;
}

function Waiting() {
  return (
    <Box maw={1120} mx="auto" p={{ base: "md", sm: "xl" }}>
      <RowsSkeleton />
    </Box>
  );
}

function PromptFrame({ prompt }: { prompt: PromptDetail }) {
  const { t } = useTranslation();
  const route = useRoute();
  const may = useMay();
  const models = useModels();
  const client = useQueryClient();
  const [text, setText] = useState(prompt.text);
  const [note, setNote] = useState("");
  const [using, setUsing] = useState(false);
  const changed = text !== prompt.text;
  useLeaveGuard(changed, t("prompts.leave"));
  const save = useMutation({
    mutationFn: () => api.post<PromptVersion>(`/prompts/${prompt.id}/versions`, { text, note: note.trim() }),
    onSuccess: async (made) => {
      await refreshPrompt(client, prompt.id);
      notifyDone(t("prompts.saved", { number: made.number }));
    },
    onError: notifyError,
  });
  const names = variablesIn(text);
  const model = models.data?.find((each) => each.kind === "chat")?.id ?? "";
  return (
    <Page
      title={prompt.name}
      description={
        <Button component={Link} to={route("prompts")} size="compact-sm" variant="subtle" color="gray" ml={-8} leftSection={<IconArrowLeft size={15} />}>
          {t("prompts.all")}
        </Button>
      }
      actions={
        may.edit && (
          <Button variant="default" leftSection={<IconCopyPlus size={16} />} onClick={() => setUsing(true)} disabled={!text.trim()}>
            {t("prompts.useInApp")}
          </Button>
        )
      }
    >
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack gap="sm">
            <Group justify="space-between" gap="xs">
              <Group gap={6}>
                {names.map((name) => (
                  <Badge key={name} ff="monospace">
                    {name}
                  </Badge>
                ))}
                {names.length === 0 && (
                  <Text size="xs" c="dimmed">
                    {t("prompts.variableHint", { skipInterpolation: true })}
                  </Text>
                )}
              </Group>
              <Group gap={4}>
                {may.edit && <PromptAssistant appId={prompt.id} model={model} prompt={text} onAccept={setText} />}
                <CopyButton value={text} label={t("prompts.copy")} />
              </Group>
            </Group>
            <Textarea
              aria-label={t("prompts.textLabel")}
              placeholder={t("prompts.textPlaceholder")}
              classNames={{ input: classes.editor }}
              autosize
              minRows={12}
              maxRows={30}
              maxLength={200_000}
              readOnly={!may.edit}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            {may.edit && (
              <Group align="flex-end" gap="sm">
                <TextInput flex={1} miw={180} label={t("prompts.note")} placeholder={t("prompts.notePlaceholder")} maxLength={200} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
                {changed && (
                  <Button variant="default" onClick={() => setText(prompt.text)}>
                    {t("prompts.discard")}
                  </Button>
                )}
                <Button disabled={!changed} loading={save.isPending} onClick={() => save.mutate()}>
                  {t("prompts.save")}
                </Button>
              </Group>
            )}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <Stack gap="lg">
            <Details prompt={prompt} />
            <Versions prompt={prompt} text={text} onRestore={setText} />
          </Stack>
        </Grid.Col>
      </Grid>
      <UseInApp opened={using} onClose={() => setUsing(false)} text={text} />
    </Page>
  );
}

function Details({ prompt }: { prompt: PromptDetail }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const navigate = useNavigate();
  const route = useRoute();
  const [asking, setAsking] = useState(false);
  const change = useMutation({
    mutationFn: (values: { name?: string; description?: string }) => api.patch<PromptDetail>(`/prompts/${prompt.id}`, values),
    onSuccess: () => refreshPrompt(client, prompt.id),
    onError: notifyError,
  });
  const remove = useMutation({
    mutationFn: () => api.delete(`/prompts/${prompt.id}`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["prompts"] });
      await navigate(route("prompts"));
      client.removeQueries({ queryKey: ["prompt", prompt.id] });
    },
    onError: notifyError,
  });
  const keep = (field: "name" | "description") => (value: string) => {
    const next = value.trim();
    if (next !== prompt[field] && (next || field === "description")) change.mutate({ [field]: next });
  };
  return (
    <Stack gap="xs">
      <TextInput key={`name-${prompt.name}`} label={t("prompts.name")} defaultValue={prompt.name} maxLength={120} readOnly={!may.edit} onBlur={(event) => keep("name")(event.currentTarget.value)} />
      <Textarea
        key={`description-${prompt.description}`}
        label={t("prompts.description")}
        defaultValue={prompt.description}
        autosize
        minRows={2}
        maxLength={5000}
        readOnly={!may.edit}
        onBlur={(event) => keep("description")(event.currentTarget.value)}
      />
      {may.edit && (
        <Group justify="flex-end">
          <Tooltip label={t("prompts.delete")}>
            <ActionIcon variant="subtle" onClick={() => setAsking(true)} aria-label={t("prompts.delete")}>
              <IconTrash size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
      )}
      <ConfirmDelete opened={asking} onClose={() => setAsking(false)} title={t("prompts.deleteTitle")} busy={remove.isPending} onConfirm={() => remove.mutate()}>
        <Text size="sm">{t("prompts.deleteText", { name: prompt.name })}</Text>
      </ConfirmDelete>
    </Stack>
  );
}
