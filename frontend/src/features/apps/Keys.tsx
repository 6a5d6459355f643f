/** The keys of one app: make one (shown once), see when it was used, revoke it. */
import { Badge, Button, Group, Modal, NumberInput, Paper, Select, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import type { App, AppKey, Page as ApiPage } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { expiryAfterDays } from "@/shared/format/expiry";
import { RelativeTime, SecretOnce } from "@/shared/ui/bits";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { EmptyState, ErrorState, Loaded } from "@/shared/ui/states";

export function Keys({ app }: { app: App }) {
  const { t } = useTranslation();
  const may = useMay();
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<AppKey | null>(null);
  const client = useQueryClient();
  const keys = useQuery({
    queryKey: ["app-keys", app.id],
    queryFn: () => api.get<ApiPage<AppKey>>(`/apps/${app.id}/keys`, { limit: 100 }),
    select: (page) => page.results,
  });
  const revoke = useMutation({
    mutationFn: (key: AppKey) => api.delete(`/apps/${app.id}/keys/${key.id}`),
    onSuccess: () => {
      setRevoking(null);
      notifyDone(t("apps.keyRevoked"));
      return client.invalidateQueries({ queryKey: ["app-keys", app.id] });
    },
    onError: notifyError,
  });
  const create = may.edit && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
      {t("apps.newKey")}
    </Button>
  );
  return (
    <Paper p="lg">
      <Group justify="space-between" mb="md">
        <Title order={2}>{t("apps.keys")}</Title>
        {keys.data?.length ? create : null}
      </Group>
      <Loaded query={keys}>
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon={IconKey} title={t("apps.noKeysTitle")} text={t("apps.noKeysText")} action={create} />
          ) : (
            <Table.ScrollContainer minWidth={280}>
              <Table>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t("common.name")}</Table.Th>
                    <Table.Th visibleFrom="sm">{t("common.prefix")}</Table.Th>
                    <Table.Th visibleFrom="sm">{t("common.lastUsed")}</Table.Th>
                    <Table.Th>{t("common.expires")}</Table.Th>
                    <Table.Th />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {list.map((key) => (
                    <KeyRow key={key.id} appKey={key} onRevoke={may.edit ? () => setRevoking(key) : null} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )
        }
      </Loaded>
      <Modal opened={creating} onClose={() => setCreating(false)} title={t("apps.newKey")}>
        <CreateKey app={app} onDone={() => setCreating(false)} />
      </Modal>
      <ConfirmDelete
        opened={revoking !== null}
        title={t("apps.revokeQuestion", { name: revoking?.name ?? "" })}
        confirmLabel={t("apps.revoke")}
        busy={revoke.isPending}
        onConfirm={() => revoking && revoke.mutate(revoking)}
        onClose={() => setRevoking(null)}
      >
        {t("apps.revokeText")}
      </ConfirmDelete>
    </Paper>
  );
}

function KeyRow({ appKey, onRevoke }: { appKey: AppKey; onRevoke: (() => void) | null }) {
  const { t } = useTranslation();
  const lastUsed = appKey.last_used_at ? <RelativeTime at={appKey.last_used_at} /> : t("common.never");
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm">{appKey.name}</Text>
        {appKey.rate_limit_per_minute !== null && (
          <Text size="xs" c="dimmed">
            {t("apps.perMinute", { count: appKey.rate_limit_per_minute })}
          </Text>
        )}
        <Text size="xs" c="dimmed" className="mono" hiddenFrom="sm">
          {appKey.prefix}…
        </Text>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          {t("common.lastUsed")}: {lastUsed}
        </Text>
      </Table.Td>
      <Table.Td className="mono" visibleFrom="sm">
        {appKey.prefix}…
      </Table.Td>
      <Table.Td visibleFrom="sm">{lastUsed}</Table.Td>
      <Table.Td>{appKey.expires_at ? <RelativeTime at={appKey.expires_at} /> : t("common.never")}</Table.Td>
      <Table.Td ta="right">
        {appKey.revoked_at ? (
          <Badge color="gray">{t("apps.revoked")}</Badge>
        ) : (
          onRevoke && (
            <Button size="xs" variant="subtle" color="red" onClick={onRevoke} aria-label={t("apps.revokeQuestion", { name: appKey.name })}>
              {t("apps.revoke")}
            </Button>
          )
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function CreateKey({ app, onDone }: { app: App; onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: "", days: "", rate: "" as number | string } });
  const create = useMutation({
    mutationFn: ({ name, days, rate }: typeof form.values) =>
      api.post<AppKey>(`/apps/${app.id}/keys`, {
        name,
        ...(days ? { expires_at: expiryAfterDays(Number(days)) } : {}),
        ...(rate === "" ? {} : { rate_limit_per_minute: Number(rate) }),
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["app-keys", app.id] }),
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  if (create.data?.key) {
    return (
      <Stack>
        <SecretOnce label={t("apps.keyCreated")} value={create.data.key} />
        <Button onClick={onDone}>{t("common.done")}</Button>
      </Stack>
    );
  }
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
      <Stack>
        {create.isError && <ErrorState error={create.error} />}
        <TextInput label={t("common.name")} placeholder={t("apps.keyNamePlaceholder")} required data-autofocus {...form.getInputProps("name")} />
        <Select
          label={t("common.expires")}
          data={[{ value: "", label: t("common.never") }, ...["7", "30", "90", "365"].map((value) => ({ value, label: t("common.inDays", { count: Number(value) }) }))]}
          allowDeselect={false}
          {...form.getInputProps("days")}
        />
        <NumberInput label={t("apps.rateLimit")} description={t("apps.rateLimitHint")} min={1} allowDecimal={false} {...form.getInputProps("rate")} />
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending}>
            {t("apps.createKey")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
