/** Models on their way here, with how far they are; those that failed say why. */
import { Button, Group, Paper, Progress, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import { useMachine } from "@/shared/api/workspace";
import { formatBytes } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { isPending, modelsChanged, useModelJobs, type ModelJob } from "./localModels";

const SHOWN_ENDED = 3;

export function ModelJobs() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const jobs = useModelJobs();
  const waited = useRef(new Set<string>());
  useEffect(() => {
    for (const job of jobs.data ?? []) {
      if (isPending(job)) waited.current.add(job.id);
      else if (waited.current.delete(job.id)) {
        if (job.status === "finished") notifyDone(t("models.arrived", { name: job.model }));
        void modelsChanged(client);
      }
    }
  }, [jobs.data, client, t]);
  const pending = (jobs.data ?? []).filter(isPending);
  const failed = (jobs.data ?? []).filter((job) => job.status === "failed").slice(0, SHOWN_ENDED);
  if (pending.length + failed.length === 0) return null;
  return (
    <section aria-label={t("models.onTheirWay")}>
      <Stack gap="xs">
        {[...pending, ...failed].map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </Stack>
    </section>
  );
}

function JobRow({ job }: { job: ModelJob }) {
  const { t } = useTranslation();
  const isMachineAdmin = useMachine();
  const client = useQueryClient();
  const cancel = useMutation({ mutationFn: () => api.post(`/model-jobs/${job.id}/cancel`), onSettled: () => modelsChanged(client), onError: notifyError });
  const share = job.total_bytes > 0 ? (100 * job.done_bytes) / job.total_bytes : 0;
  return (
    <Paper p="sm" px="md">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
          {job.file ? `${job.source} · ${job.file}` : job.source}
        </Text>
        {isPending(job) ? (
          isMachineAdmin && (
            <Button size="compact-xs" variant="subtle" color="gray" loading={cancel.isPending || job.is_cancel_wanted} onClick={() => cancel.mutate()}>
              {t("common.cancel")}
            </Button>
          )
        ) : (
          <Text size="xs" c="dimmed" component="span" style={{ flex: "none" }}>
            <RelativeTime at={job.created_at} />
          </Text>
        )}
      </Group>
      {isPending(job) && (
        <>
          <Progress value={share} mt={6} animated={job.status === "running"} aria-label={job.source} />
          <Text size="xs" c="dimmed" mt={4} className="numbers">
            {job.total_bytes > 0 ? t("models.bytesOf", { done: formatBytes(job.done_bytes), total: formatBytes(job.total_bytes) }) : t("models.waiting")}
          </Text>
        </>
      )}
      {job.reason && (
        <Text size="sm" c={job.status === "failed" ? "var(--danger-text)" : "dimmed"} mt={4} style={{ overflowWrap: "anywhere" }}>
          {job.reason}
        </Text>
      )}
    </Paper>
  );
}
