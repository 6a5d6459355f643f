/** A job on its way: how far it is, what it does now, its log, and a way to end it. */
import { Button, Group, Paper, Progress, ScrollArea, Text } from "@mantine/core";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { useMachine } from "@/shared/api/workspace";
import { useCancel, type LogLine, type Quantization, type Stage } from "./quantizations";
import classes from "./quantize.module.css";

export function JobProgress({ job }: { job: Quantization }) {
  const { t } = useTranslation();
  const isMachineAdmin = useMachine();
  const cancel = useCancel(job.id);
  const now = job.status === "queued" || !job.stage ? t("quantize.waiting") : stageText(t, job.stage, job.kind);
  return (
    <Paper p="md" component="section" aria-label={t("quantize.running", { name: job.source })}>
      <Group justify="space-between" wrap="nowrap">
        <Text fw={500} style={{ overflowWrap: "anywhere" }}>
          {job.source} → {job.types.join(", ")}
        </Text>
        {isMachineAdmin && (
          <Button size="compact-sm" variant="default" loading={cancel.isPending || job.is_cancel_wanted} onClick={() => cancel.mutate()}>
            {t("common.cancel")}
          </Button>
        )}
      </Group>
      <Progress value={100 * job.progress} mt="sm" animated={job.status === "running"} aria-label={job.source} />
      <Text size="sm" c="dimmed" mt={6} className="numbers" aria-live="polite">
        {Math.round(100 * job.progress)} % · {now}
      </Text>
      <JobLog lines={job.log} />
    </Paper>
  );
}

export function JobLog({ lines }: { lines: LogLine[] }) {
  const { t } = useTranslation();
  if (lines.length === 0) return null;
  return (
    <ScrollArea.Autosize mah={180} mt="xs" tabIndex={0} role="log" aria-label={t("quantize.log")} className={classes.log}>
      {lines.map((line, index) => (
        <Text key={index} size="xs" ff="monospace" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {line.at.slice(11, 19)} {stageText(t, line.stage, line.type)}
          {line.text && `: ${line.text}`}
        </Text>
      ))}
    </ScrollArea.Autosize>
  );
}

function stageText(t: TFunction, stage: string, type: string): string {
  return [t(`quantize.stage.${stage as Stage}`), type].filter(Boolean).join(" ");
}
