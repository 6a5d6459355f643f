/** The prompts of the workspace: found by name, opened, and a new one. */
import { Button, Group, Modal, Paper, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconPlus, IconSearch, IconTextCaption } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { api } from "@/shared/api/client";
import { useMay, useRoute } from "@/shared/api/workspace";
import { RelativeTime } from "@/shared/ui/bits";
import { notifyError } from "@/shared/ui/notify";
import { Page } from "@/shared/ui/Page";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { PromptPage } from "./PromptPage";
import type { PromptDetail, PromptSummary } from "./promptTypes";
import classes from "./prompts.module.css";
import { usePrompts } from "./queries";

export function PromptsPage() {
  const { promptId } = useParams();
  return promptId ? <PromptPage key={promptId} promptId={promptId} /> : <PromptList />;
}

function PromptList() {
  const { t } = useTranslation();
  const may = useMay();
  const [address, setAddress] = useSearchParams();
  const search = address.get("search") ?? "";
  const prompts = usePrompts(search);
  const [creating, setCreating] = useState(false);
  const add = may.edit && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
      {t("prompts.new")}
    </Button>
  );
  return (
    <Page title={t("prompts.title")} description={t("prompts.text")} actions={add} maw={860}>
      <Loaded query={prompts}>
        {(list) =>
          list.length === 0 && !search ? (
            <EmptyState icon={IconTextCaption} title={t("prompts.emptyTitle")} text={t("prompts.emptyText")} action={add} />
          ) : (
            <Stack gap="sm">
              <TextInput
                maw={320}
                leftSection={<IconSearch size={16} />}
                placeholder={t("prompts.search")}
                aria-label={t("prompts.search")}
                value={search}
                onChange={(event) => setAddress(event.currentTarget.value ? { search: event.currentTarget.value } : {}, { replace: true })}
              />
              {list.length === 0 && <Text c="dimmed">{t("prompts.noneFound")}</Text>}
              {list.map((prompt) => (
                <PromptCard key={prompt.id} prompt={prompt} />
              ))}
            </Stack>
          )
        }
      </Loaded>
      <Modal opened={creating} onClose={() => setCreating(false)} title={t("prompts.new")}>
        <CreatePrompt />
      </Modal>
    </Page>
  );
}

function PromptCard({ prompt }: { prompt: PromptSummary }) {
  const { t } = useTranslation();
  const route = useRoute();
  return (
    <UnstyledButton component={Link} to={route(`prompts/${prompt.id}`)} className={classes.card} display="block">
      <Paper p="md">
        <Group justify="space-between" wrap="nowrap">
          <Stack gap={2} miw={0}>
            <Text fw={600} truncate>
              {prompt.name}
            </Text>
            {prompt.description && (
              <Text size="sm" c="dimmed" lineClamp={1}>
                {prompt.description}
              </Text>
            )}
          </Stack>
          <Text size="xs" c="dimmed" style={{ flex: "none" }}>
            {prompt.version === null ? t("prompts.noVersion") : t("prompts.version", { number: prompt.version })} · <RelativeTime at={prompt.updated_at} />
          </Text>
        </Group>
      </Paper>
    </UnstyledButton>
  );
}

function CreatePrompt() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const route = useRoute();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const create = useMutation({
    mutationFn: () => api.post<PromptDetail>("/prompts", { name: name.trim(), description: description.trim(), content: { text: "" } }),
    onSuccess: (made) => {
      client.setQueryData(["prompt", made.id], made);
      void client.invalidateQueries({ queryKey: ["prompts"] });
      void navigate(route(`prompts/${made.id}`));
    },
    onError: notifyError,
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) create.mutate();
      }}
    >
      <Stack>
        <TextInput data-autofocus label={t("prompts.name")} placeholder={t("prompts.namePlaceholder")} maxLength={120} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput label={t("prompts.description")} maxLength={5000} value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending} disabled={!name.trim()}>
            {t("common.create")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
