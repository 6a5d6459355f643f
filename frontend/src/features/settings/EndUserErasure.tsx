/** The end of one end user's data: counted first, then removed by a job, with a report that names nobody. */
import { Button, Group, Paper, Progress, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import { useApps } from "@/shared/api/queries";
import type { Page } from "@/shared/api/types";
import { RelativeTime } from "@/shared/ui/bits";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyError } from "@/shared/ui/notify";
import type { EndUserData, Erasure } from "./logPolicy";

const BUSY_MS = 2_000;
const KINDS = ["runs", "conversations", "feedback", "files"] as const;

export function EndUserErasure() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const apps = useApps();
  const [endUser, setEndUser] = useState("");
  const [app, setApp] = useState<string | null>(null);
  const count = useMutation({ mutationFn: () => api.get<EndUserData>("/end-user-data", { end_user: endUser, app }), onError: notifyError });
  const start = useMutation({
    mutationFn: () => api.post<Erasure>("/end-user-erasures", { end_user: endUser, app }),
    onSuccess: async () => {
      setEndUser("");
      await client.invalidateQueries({ queryKey: ["end-user-erasures"] });
    },
    onError: notifyError,
    onSettled: () => count.reset(),
  });
  const found = count.data;
  const isNothing = found && KINDS.every((kind) => !found[kind]);
  return (
    <Paper p="lg">
      <Stack>
        <Title order={2}>{t("settings.erasure.title")}</Title>
        <Text c="dimmed">{t("settings.erasure.text")}</Text>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            count.mutate();
          }}
        >
          <Group gap="xs" align="flex-end">
            <TextInput label={t("settings.erasure.endUser")} description={t("settings.erasure.endUserHint")} value={endUser} onChange={(event) => setEndUser(event.currentTarget.value)} flex={1} miw={220} maxLength={255} />
            <Select label={t("settings.erasure.app")} placeholder={t("settings.erasure.allApps")} data={(apps.data ?? []).map((each) => ({ value: each.id, label: each.name }))} value={app} onChange={setApp} clearable searchable w={{ base: "100%", sm: 200 }} />
            <Button type="submit" variant="default" disabled={endUser === ""} loading={count.isPending}>
              {t("settings.erasure.count")}
            </Button>
          </Group>
        </form>
        {isNothing && <Text role="status">{t("settings.erasure.nothing")}</Text>}
        <ConfirmDelete opened={found !== undefined && !isNothing} title={t("settings.erasure.confirmTitle", { name: endUser })} onClose={() => count.reset()} onConfirm={() => start.mutate()} busy={start.isPending} confirmLabel={t("settings.erasure.confirm")}>
          {found && <Counts data={found} />} {t("settings.erasure.confirmText")}
        </ConfirmDelete>
        <Erasures />
      </Stack>
    </Paper>
  );
}

function Counts({ data }: { data: EndUserData }) {
  const { t } = useTranslation();
  return <>{KINDS.map((kind) => t(`settings.erasure.counts.${kind}`, { count: data[kind] ?? 0 })).join(", ")}.</>;
}

const isGoing = (one: Erasure) => one.status === "queued" || one.status === "running";

function Erasures() {
  const { t } = useTranslation();
  const erasures = useQuery({
    queryKey: ["end-user-erasures"],
    queryFn: () => api.get<Page<Erasure>>("/end-user-erasures", { limit: 10 }),
    refetchInterval: (query) => (query.state.data?.results.some(isGoing) ? BUSY_MS : false),
  });
  const list = erasures.data?.results ?? [];
  if (list.length === 0) return null;
  return (
    <Stack gap="sm" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={t("settings.erasure.list")}>
      {list.map((one) => (
        <Stack key={one.id} component="li" gap={2}>
          <Group justify="space-between" gap="xs" wrap="nowrap">
            <Text fw={500} style={{ overflowWrap: "anywhere" }}>
              {one.end_user ?? t("settings.erasure.somebody", { digest: one.digest })}
            </Text>
            <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
              <RelativeTime at={one.created_at} />
            </Text>
          </Group>
          {isGoing(one) && <Going erasure={one} />}
          <Text size="sm" c={one.reason ? "var(--danger-text)" : "dimmed"}>
            {t(`settings.erasure.states.${one.status}`)} {one.reason || <Counts data={one.report} />}
          </Text>
        </Stack>
      ))}
    </Stack>
  );
}

/** How far it is, and the way to stop it: what is gone by then stays gone. */
function Going({ erasure }: { erasure: Erasure }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => api.post(`/end-user-erasures/${erasure.id}/cancel`),
    onSettled: () => client.invalidateQueries({ queryKey: ["end-user-erasures"] }),
    onError: notifyError,
  });
  return (
    <Group gap="sm" wrap="nowrap">
      <Progress flex={1} size={4} value={erasure.total ? (100 * erasure.done) / erasure.total : 100} animated={!erasure.total} aria-label={t("settings.erasure.states.running")} />
      <Button size="compact-xs" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
        {t("common.cancel")}
      </Button>
    </Group>
  );
}
