/** A list of credentials with a way to make one (shown once) and to end one: tokens and dataset keys alike. */
import { ActionIcon, Button, Group, Modal, Paper, Select, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconKey, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import { expiryAfterDays } from "@/shared/format/expiry";
import { RelativeTime, SecretOnce } from "@/shared/ui/bits";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyError } from "@/shared/ui/notify";
import { EmptyState, ErrorState, Loaded } from "@/shared/ui/states";

interface Credential {
  id: string;
  name: string;
  prefix: string;
  last_used_at: string | null;
  expires_at?: string | null;
  created_at: string;
  token?: string;
  key?: string;
}

export interface SecretListProps {
  path: "/tokens" | "/dataset-keys";
  title: string;
  text: string;
  createLabel: string;
  createdLabel: string;
  mayCreate: boolean;
}

const EXPIRY_DAYS = ["30", "90", "365"];

export function SecretList({ path, title, text, createLabel, createdLabel, mayCreate }: SecretListProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [creating, setCreating] = useState(false);
  const [ending, setEnding] = useState<Credential | null>(null);
  const list = useQuery({
    queryKey: ["secrets", path],
    queryFn: () => api.get<Page<Credential>>(path, { limit: 100 }),
    select: (page) => page.results,
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.delete(`${path}/${id}`),
    onSuccess: () => {
      setEnding(null);
      return client.invalidateQueries({ queryKey: ["secrets", path] });
    },
    onError: notifyError,
  });
  const create = mayCreate && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
      {createLabel}
    </Button>
  );
  return (
    <Paper p="lg">
      <Group justify="space-between" mb="md" align="flex-start">
        <Stack gap={2} flex={1} miw={220}>
          <Title order={2}>{title}</Title>
          <Text size="sm" c="dimmed">
            {text}
          </Text>
        </Stack>
        {list.data?.length ? create : null}
      </Group>
      <Loaded query={list}>
        {(credentials) =>
          credentials.length === 0 ? (
            <EmptyState icon={IconKey} title={t("settings.noneYet")} text={text} action={create} />
          ) : (
            <Table.ScrollContainer minWidth={520}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t("common.name")}</Table.Th>
                    <Table.Th>{t("common.prefix")}</Table.Th>
                    <Table.Th>{t("common.lastUsed")}</Table.Th>
                    <Table.Th>{t("common.expires")}</Table.Th>
                    <Table.Th />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {credentials.map((credential) => (
                    <Table.Tr key={credential.id}>
                      <Table.Td>{credential.name}</Table.Td>
                      <Table.Td className="mono">{credential.prefix}…</Table.Td>
                      <Table.Td>{credential.last_used_at ? <RelativeTime at={credential.last_used_at} /> : t("common.never")}</Table.Td>
                      <Table.Td>{credential.expires_at ? <RelativeTime at={credential.expires_at} /> : t("common.never")}</Table.Td>
                      <Table.Td ta="right">
                        <ActionIcon variant="subtle" color="gray" onClick={() => setEnding(credential)} aria-label={t("settings.endSecret", { name: credential.name })}>
                          <IconTrash size={16} />
                        </ActionIcon>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Loaded>
      <Modal opened={creating} onClose={() => setCreating(false)} title={createLabel}>
        <CreateSecret path={path} createdLabel={createdLabel} onDone={() => setCreating(false)} />
      </Modal>
      <ConfirmDelete opened={ending !== null} title={t("settings.endSecret", { name: ending?.name ?? "" })} busy={remove.isPending} onConfirm={() => ending && remove.mutate(ending.id)} onClose={() => setEnding(null)}>
        {t("settings.endSecretText")}
      </ConfirmDelete>
    </Paper>
  );
}

function CreateSecret({ path, createdLabel, onDone }: { path: SecretListProps["path"]; createdLabel: string; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: "", days: "" } });
  const create = useMutation({
    mutationFn: ({ name, days }: typeof form.values) =>
      api.post<Credential>(path, { name, ...(days ? { expires_at: expiryAfterDays(Number(days)) } : {}) }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["secrets", path] }),
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  const secret = create.data?.token ?? create.data?.key;
  if (secret) {
    return (
      <Stack>
        <SecretOnce label={createdLabel} value={secret} />
        <Button onClick={onDone}>{t("common.done")}</Button>
      </Stack>
    );
  }
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
      <Stack>
        {create.isError && <ErrorState error={create.error} />}
        <TextInput label={t("common.name")} required data-autofocus {...form.getInputProps("name")} />
        <Select
          label={t("common.expires")}
          data={[{ value: "", label: t("common.never") }, ...EXPIRY_DAYS.map((value) => ({ value, label: t("common.inDays", { count: Number(value) }) }))]}
          allowDeselect={false}
          {...form.getInputProps("days")}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending}>
            {t("common.create")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
