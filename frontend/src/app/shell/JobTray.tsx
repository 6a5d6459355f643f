/** What goes on behind the pages: how many jobs in the top line; opened, each with progress, cancel and result. */
import { ActionIcon, Anchor, Group, Indicator, Popover, Progress, Stack, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconCircleCheck, IconCircleX, IconProgress, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useMachine, useRoute, useWorkspace } from "@/shared/api/workspace";
import { listJobs, type Job } from "@/shared/jobs/jobs";
import { notifyError } from "@/shared/ui/notify";
import "./jobSources";
import classes from "./shell.module.css";

const BUSY_MS = 2_500;
const IDLE_MS = 15_000;

export function JobTray() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { id: workspaceId } = useWorkspace();
  const isMachineAdmin = useMachine();
  const [opened, setOpened] = useState(false);
  const key = ["jobs", workspaceId];
  const jobs = useQuery({
    queryKey: key,
    // What was shown stays until it is dismissed: its end is news.
    queryFn: () => listJobs(new Set(client.getQueryData<Job[]>(key)?.map((job) => job.id)), { isMachineAdmin }),
    refetchInterval: (query) => (query.state.data?.some((job) => job.state === "running") ? BUSY_MS : IDLE_MS),
  });
  const list = jobs.data ?? [];
  const running = list.filter((job) => job.state === "running").length;
  const failed = list.some((job) => job.state === "failed");
  const dismiss = (gone: (job: Job) => boolean) => client.setQueryData<Job[]>(key, (before) => before?.filter((job) => !gone(job)));
  if (list.length === 0) return null;
  const label = running > 0 ? t("jobs.running", { count: running }) : t("jobs.ended");
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={340} shadow="md" trapFocus>
      <Popover.Target>
        <Tooltip label={label} disabled={opened}>
          <UnstyledButton className={classes.models} onClick={() => setOpened(!opened)} aria-label={label} aria-expanded={opened}>
            <Indicator size={7} offset={2} color={failed ? "red" : "accent"} processing={running > 0} disabled={running === 0 && !failed}>
              <IconProgress size={16} aria-hidden style={{ display: "block" }} />
            </Indicator>
            {running > 0 && <span className="numbers">{running}</span>}
          </UnstyledButton>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm">
          <Group justify="space-between">
            <Text size="xs" c="dimmed" fw={500}>
              {t("jobs.title")}
            </Text>
            {list.length > running && (
              <UnstyledButton fz="xs" c="var(--accent-text)" onClick={() => dismiss((job) => job.state !== "running")}>
                {t("jobs.clear")}
              </UnstyledButton>
            )}
          </Group>
          {list.map((job) => (
            <JobRow key={job.id} job={job} onGo={() => setOpened(false)} />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function JobRow({ job, onGo }: { job: Job; onGo: () => void }) {
  const { t } = useTranslation();
  const route = useRoute();
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => job.cancel?.() ?? Promise.resolve(),
    onSettled: () => client.invalidateQueries({ queryKey: ["jobs"] }),
    onError: notifyError,
  });
  return (
    <Stack gap={4}>
      <Group gap={6} wrap="nowrap">
        {job.state === "done" && <IconCircleCheck size={16} color="var(--accent-text)" aria-hidden />}
        {job.state === "failed" && <IconCircleX size={16} color="var(--danger-text)" aria-hidden />}
        <Anchor component={Link} to={route(job.path)} onClick={onGo} size="sm" fw={500} truncate flex={1} miw={0}>
          {job.title}
        </Anchor>
        {job.state === "running" && job.cancel && (
          <ActionIcon variant="subtle" color="gray" size="sm" loading={cancel.isPending} onClick={() => cancel.mutate()} aria-label={t("jobs.cancel", { name: job.title })}>
            <IconX size={14} />
          </ActionIcon>
        )}
      </Group>
      {job.state === "running" && <Progress size={4} value={(job.progress ?? 1) * 100} animated={job.progress === null} aria-label={job.title} />}
      <Text size="xs" c="dimmed">
        {job.detail}
      </Text>
    </Stack>
  );
}
