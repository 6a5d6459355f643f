/** How much may be used and how much is: sums of today and this month, and a bar for each limit. */
import { Button, Group, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconGauge, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { api } from "@/shared/api/client";
import { useApp } from "@/shared/api/queries";
import type { Page } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { formatCount, formatUsd } from "@/shared/format/numbers";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { LimitForm } from "./LimitForm";
import { LimitRow } from "./LimitRow";
import { whose, type Limit, type Usage } from "./limits";

const POLL_MS = 10_000;

export function LimitsSection() {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const [search, setSearch] = useSearchParams();
  const app = search.get("app") ?? "";
  const [editing, setEditing] = useState<Limit | "new" | null>(null);
  const [removing, setRemoving] = useState<Limit | null>(null);
  const limits = useQuery({
    queryKey: ["limits", app],
    queryFn: () => api.get<Page<Limit>>("/limits", { app, limit: 100 }),
    select: (page) => page.results,
    refetchInterval: POLL_MS,
  });
  const remove = useMutation({
    mutationFn: (limit: Limit) => api.delete(`/limits/${limit.id}`),
    onSuccess: () => {
      setRemoving(null);
      notifyDone(t("limits.removed"));
      return client.invalidateQueries({ queryKey: ["limits"] });
    },
    onError: notifyError,
  });
  const create = may.administer && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setEditing("new")}>
      {t("limits.new")}
    </Button>
  );
  return (
    <Stack gap="lg">
      {app && <OnlyApp id={app} onAll={() => setSearch({}, { replace: true })} />}
      <UsageCard app={app} />
      <Paper p="lg">
        <Group justify="space-between" mb="xs">
          <Title order={2}>{t("limits.title")}</Title>
          {limits.data?.length ? create : null}
        </Group>
        <Loaded query={limits}>
          {(list) =>
            list.length === 0 ? (
              <EmptyState icon={IconGauge} title={t("limits.noneTitle")} text={t("limits.noneText")} action={create || undefined} />
            ) : (
              <Stack gap="lg" mt="md">
                {list.map((limit) => (
                  <LimitRow key={limit.id} limit={limit} onEdit={may.administer ? () => setEditing(limit) : null} onRemove={() => setRemoving(limit)} />
                ))}
              </Stack>
            )
          }
        </Loaded>
      </Paper>
      {editing !== null && <LimitForm limit={editing === "new" ? null : editing} app={app} onClose={() => setEditing(null)} />}
      <ConfirmDelete
        opened={removing !== null}
        title={t("limits.removeQuestion", { whose: removing ? whose(t, removing) : "" })}
        busy={remove.isPending}
        onConfirm={() => removing && remove.mutate(removing)}
        onClose={() => setRemoving(null)}
      >
        {t("limits.removeText")}
      </ConfirmDelete>
    </Stack>
  );
}

function OnlyApp({ id, onAll }: { id: string; onAll: () => void }) {
  const { t } = useTranslation();
  const app = useApp(id);
  return (
    <Group gap="sm">
      <Text size="sm">{t("limits.onlyApp", { name: app.data?.name ?? "…" })}</Text>
      <Button variant="subtle" size="compact-sm" onClick={onAll}>
        {t("limits.showAll")}
      </Button>
    </Group>
  );
}

function UsageCard({ app }: { app: string }) {
  const { t } = useTranslation();
  const usage = useQuery({ queryKey: ["usage", app], queryFn: () => api.get<Usage[]>("/usage", { app }), refetchInterval: POLL_MS * 3 });
  return (
    <Paper p="lg">
      <Loaded query={usage}>
        {(sums) => (
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
            {sums.map((sum) => (
              <Stack key={sum.period} gap={6}>
                <Title order={3}>{t(`limits.since.${sum.period}`)}</Title>
                <Group gap="xl">
                  <Figure label={t("limits.metrics.runs")} value={formatCount(sum.runs)} />
                  <Figure label={t("limits.metrics.tokens")} value={formatCount(sum.tokens)} />
                  <Figure label={t("limits.metrics.cost")} value={formatUsd(sum.cost)} />
                </Group>
              </Stack>
            ))}
          </SimpleGrid>
        )}
      </Loaded>
    </Paper>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <Stack gap={0}>
      <Text className="numbers" fz="lg" fw={600}>
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
    </Stack>
  );
}
