/** How far a table is: the bar, the numbers, and what can be done with it now. */
import { Button, Group, Paper, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/shared/api/workspace";
import { formatCount, formatDuration, formatUsd } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";
import { doneOf, remainingMs, type BatchDetail } from "./batchModel";
import { BatchState } from "./BatchState";
import { useBatchAction } from "./queries";
import { useNow } from "./useNow";

export function BatchProgress({ appId, batch }: { appId: string; batch: BatchDetail }) {
  const { t, i18n } = useTranslation();
  const now = useNow(batch.status === "running");
  const { progress } = batch;
  const part = (rows: number) => (100 * rows) / progress.total;
  const count = (value: number) => formatCount(value, i18n.language);
  const left = remainingMs(batch, now);
  const took = batch.started_at && batch.finished_at ? Date.parse(batch.finished_at) - Date.parse(batch.started_at) : null;
  const numbers = [
    { label: t("batches.succeeded"), value: count(progress.succeeded) },
    { label: t("batches.failed"), value: count(progress.failed), color: progress.failed > 0 ? "red" : undefined },
    { label: t("batches.tokens"), value: count(progress.prompt_tokens + progress.completion_tokens) },
    { label: t("batches.cost"), value: formatUsd(progress.cost) },
    { label: t(took === null ? "batches.left" : "batches.took"), value: formatDuration(took ?? left) },
  ];
  return (
    <Paper p="md">
      <Stack gap="md">
        <Group justify="space-between">
          <Group gap="sm">
            <BatchState status={batch.status} />
            <Text size="sm" c="dimmed" className="numbers" role="status">
              {t("batches.done", { done: count(doneOf(progress)), total: count(progress.total) })}
              {progress.running > 0 && ` · ${t("batches.runningRows", { rows: count(progress.running) })}`}
            </Text>
          </Group>
          <Actions appId={appId} batch={batch} />
        </Group>
        <Progress.Root size={8} aria-label={t("batches.progressOf", { name: batch.name })}>
          <Progress.Section value={part(progress.succeeded)} aria-label={t("batches.succeeded")} />
          <Progress.Section value={part(progress.failed)} color="red" aria-label={t("batches.failed")} />
          <Progress.Section value={part(progress.cancelled)} color="gray.5" aria-label={t("batches.status.cancelled")} />
        </Progress.Root>
        <SimpleGrid cols={{ base: 2, xs: 3, md: 5 }} spacing="md">
          {numbers.map(({ label, value, color }) => (
            <Stack key={label} gap={0}>
              <Text size="xs" c="dimmed">
                {label}
              </Text>
              <Text fw={600} className="numbers" c={color}>
                {value}
              </Text>
            </Stack>
          ))}
        </SimpleGrid>
        {progress.waiting > 0 && (
          <Text size="sm" c="dimmed">
            {t("batches.waiting", { rows: count(progress.waiting) })}
          </Text>
        )}
        <Text size="xs" c="dimmed">
          {batch.app_version === null ? t("batches.draftThen") : t("batches.version", { number: batch.app_version })}
          {batch.started_at && (
            <>
              {" "}
              · <RelativeTime at={batch.started_at} />
            </>
          )}
        </Text>
      </Stack>
    </Paper>
  );
}

function Actions({ appId, batch }: { appId: string; batch: BatchDetail }) {
  const { t } = useTranslation();
  const may = useMay();
  const action = useBatchAction(appId, batch.id);
  if (!may.edit) return null;
  const { failed, cancelled } = batch.progress;
  const busy = action.isPending;
  return (
    <Group gap="xs">
      {batch.status === "running" && (
        <Button size="xs" variant="default" leftSection={<IconPlayerPause size={15} />} disabled={busy} onClick={() => action.mutate("pause")}>
          {t("batches.pause")}
        </Button>
      )}
      {batch.status === "paused" && (
        <Button size="xs" leftSection={<IconPlayerPlay size={15} />} disabled={busy} onClick={() => action.mutate("resume")}>
          {t("batches.resume")}
        </Button>
      )}
      {(batch.status === "running" || batch.status === "paused") && (
        <Button size="xs" variant="default" leftSection={<IconPlayerStop size={15} />} disabled={busy} onClick={() => action.mutate("cancel")}>
          {t("batches.cancel")}
        </Button>
      )}
      {failed + cancelled > 0 && (
        <Button size="xs" variant="default" leftSection={<IconRefresh size={15} />} disabled={busy} onClick={() => action.mutate("retry")}>
          {t("batches.retry", { count: failed + cancelled })}
        </Button>
      )}
    </Group>
  );
}
