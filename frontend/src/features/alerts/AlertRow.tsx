/** One alert: its rule in words, its state, and its history when it is opened. */
import { ActionIcon, Badge, Button, Collapse, Group, Stack, Text, Tooltip } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import { RelativeTime } from "@/shared/ui/bits";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { AlertHistory } from "./AlertHistory";
import { metricName, valueText, windowText, type Alert, type AlertEvent } from "./alerts";

const COLORS = { ok: "accent", firing: "red", no_data: "gray" } as const;

interface AlertRowProps {
  alert: Alert;
  /** Null for who may only read. */
  onEdit: (() => void) | null;
  onRemove: () => void;
}

export function AlertRow({ alert, onEdit, onRemove }: AlertRowProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [opened, setOpened] = useState(false);
  const test = useMutation({
    mutationFn: () => api.post<AlertEvent>(`/alerts/${alert.id}/test`),
    onSuccess: async (event) => {
      await client.invalidateQueries({ queryKey: ["alert-events", alert.id] });
      if (event.delivery === "sent") notifyDone(t("alerts.testSent"));
      else notifyError(new Error(event.error));
    },
    onError: notifyError,
  });
  const rule = t(`alerts.rule.${alert.comparison}`, {
    metric: metricName(t, alert.metric),
    threshold: valueText(alert.metric, alert.threshold),
    window: windowText(t, alert.window_minutes),
  });
  const target = alert.channel === "email" ? alert.recipients?.join(", ") : alert.webhook_origin;
  return (
    <Stack gap={6} pb="md" style={{ borderBottom: "1px solid var(--hairline)" }}>
      <Group justify="space-between" wrap="nowrap" gap="sm" align="flex-start">
        <Stack gap={2} miw={0}>
          <Group gap="xs">
            <Text size="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
              {alert.name}
            </Text>
            {alert.is_on === false ? <Badge color="gray">{t("alerts.off")}</Badge> : <Badge color={COLORS[alert.state]}>{t(`alerts.states.${alert.state}`)}</Badge>}
          </Group>
          <Text size="sm">{rule}</Text>
          <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {alert.app ? `${alert.app.name} · ` : ""}
            {t(`alerts.channels.${alert.channel}`)} → {target}
          </Text>
        </Stack>
        {onEdit && (
          <Group gap={2} wrap="nowrap">
            <Tooltip label={t("common.edit")}>
              <ActionIcon variant="subtle" color="gray" onClick={onEdit} aria-label={t("alerts.editOf", { name: alert.name })}>
                <IconPencil size={16} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={t("common.delete")}>
              <ActionIcon variant="subtle" color="gray" onClick={onRemove} aria-label={t("alerts.removeOf", { name: alert.name })}>
                <IconTrash size={16} />
              </ActionIcon>
            </Tooltip>
          </Group>
        )}
      </Group>
      <Group justify="space-between" gap="xs">
        <Text size="xs" c="dimmed" className="numbers">
          {alert.checked_at ? (
            <>
              {t("alerts.now", { value: valueText(alert.metric, alert.value) })} · <RelativeTime at={alert.checked_at} />
            </>
          ) : (
            t("alerts.notChecked")
          )}
        </Text>
        <Group gap="xs">
          {onEdit && (
            <Button size="compact-xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
              {t("alerts.test")}
            </Button>
          )}
          <Button size="compact-xs" variant="subtle" onClick={() => setOpened(!opened)} aria-expanded={opened}>
            {t("alerts.history")}
          </Button>
        </Group>
      </Group>
      <Collapse expanded={opened}>{opened && <AlertHistory alert={alert} />}</Collapse>
    </Stack>
  );
}
