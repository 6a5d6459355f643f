/** The workspace's alerts: what each watches, what it saw last, where its messages go. */
import { Button, Group, Modal, Paper, Stack, Text, Title } from "@mantine/core";
import { IconBell, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { SecretOnce } from "@/shared/ui/bits";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { AlertForm } from "./AlertForm";
import { AlertRow } from "./AlertRow";
import type { Alert } from "./alerts";

const POLL_MS = 15_000;

export function AlertsSection() {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const [editing, setEditing] = useState<Alert | "new" | null>(null);
  const [removing, setRemoving] = useState<Alert | null>(null);
  const [secret, setSecret] = useState("");
  const alerts = useQuery({
    queryKey: ["alerts"],
    queryFn: () => api.get<Page<Alert>>("/alerts", { limit: 100 }),
    select: (page) => page.results,
    refetchInterval: POLL_MS,
  });
  const remove = useMutation({
    mutationFn: (alert: Alert) => api.delete(`/alerts/${alert.id}`),
    onSuccess: () => {
      setRemoving(null);
      notifyDone(t("alerts.removed"));
      return client.invalidateQueries({ queryKey: ["alerts"] });
    },
    onError: notifyError,
  });
  const create = may.administer && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setEditing("new")}>
      {t("alerts.new")}
    </Button>
  );
  return (
    <Paper p="lg">
      <Group justify="space-between" mb="xs">
        <Title order={2}>{t("alerts.title")}</Title>
        {alerts.data?.length ? create : null}
      </Group>
      <Loaded query={alerts}>
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon={IconBell} title={t("alerts.noneTitle")} text={t("alerts.noneText")} action={create || undefined} />
          ) : (
            <Stack gap="lg" mt="md">
              {list.map((alert) => (
                <AlertRow key={alert.id} alert={alert} onEdit={may.administer ? () => setEditing(alert) : null} onRemove={() => setRemoving(alert)} />
              ))}
            </Stack>
          )
        }
      </Loaded>
      {editing !== null && <AlertForm alert={editing === "new" ? null : editing} onClose={() => setEditing(null)} onSecret={setSecret} />}
      <Modal opened={secret !== ""} onClose={() => setSecret("")} title={t("alerts.secretTitle")}>
        <Stack>
          <SecretOnce label={t("alerts.secret")} value={secret} />
          <Text size="sm" c="dimmed">
            {t("alerts.secretText")}
          </Text>
          <Button onClick={() => setSecret("")}>{t("common.done")}</Button>
        </Stack>
      </Modal>
      <ConfirmDelete
        opened={removing !== null}
        title={t("alerts.removeQuestion", { name: removing?.name ?? "" })}
        busy={remove.isPending}
        onConfirm={() => removing && remove.mutate(removing)}
        onClose={() => setRemoving(null)}
      >
        {t("alerts.removeText")}
      </ConfirmDelete>
    </Paper>
  );
}
