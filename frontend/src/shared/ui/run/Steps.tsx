/** The steps of an agent as a quiet list: what it thought, what it called, what came back. */
import { Box, Collapse, Group, Loader, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconCheck, IconChevronRight, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatDuration } from "@/shared/format/numbers";
import type { StepView } from "@/shared/sse/runView";
import { JsonTree } from "../JsonTree";
import classes from "./run.module.css";

export function Steps({ steps, live }: { steps: StepView[]; live: boolean }) {
  const { t } = useTranslation();
  if (steps.length === 0) return null;
  return (
    <Stack gap={2} component="ol" m={0} p={0} mb="sm" style={{ listStyle: "none" }} aria-label={t("runs.steps")}>
      {steps.map((step) => (
        <Step key={step.callId} step={step} live={live} />
      ))}
    </Stack>
  );
}

function Step({ step, live }: { step: StepView; live: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const pending = step.output === null && step.error === null;
  return (
    <li>
      <UnstyledButton className={classes.step} onClick={() => setOpen(!open)} aria-expanded={open}>
        <StepIcon pending={pending} live={live} failed={step.error !== null} />
        <Text size="sm" className="mono" style={{ flex: "none" }}>
          {step.name}
        </Text>
        <Text size="xs" c="dimmed" truncate flex={1} miw={0}>
          {step.thought ?? shortArguments(step)}
        </Text>
        {step.elapsedMs !== null && (
          <Text size="xs" c="dimmed" className="numbers" style={{ flex: "none" }}>
            {formatDuration(step.elapsedMs)}
          </Text>
        )}
        <IconChevronRight size={14} style={{ transform: open ? "rotate(90deg)" : undefined, flex: "none" }} />
      </UnstyledButton>
      <Collapse expanded={open}>
        <Stack gap="xs" pl="lg" py="xs">
          {step.thought && <Text size="sm">{step.thought}</Text>}
          <JsonTree label={t("runs.arguments")} value={step.arguments} />
          {step.output !== null && step.output !== step.error?.message && <JsonTree label={t("runs.output")} value={step.output} />}
          {step.error && (
            <Text size="sm" c="var(--danger-text)">
              {step.error.message}
            </Text>
          )}
        </Stack>
      </Collapse>
    </li>
  );
}

function StepIcon({ pending, live, failed }: { pending: boolean; live: boolean; failed: boolean }) {
  if (failed) return <IconX size={14} color="var(--mantine-color-red-6)" style={{ flex: "none" }} />;
  if (!pending) return <IconCheck size={14} color="var(--accent-text)" style={{ flex: "none" }} />;
  return live ? <Loader size={12} /> : <Box w={14} />;
}

function shortArguments(step: StepView): string {
  return Object.values(step.arguments)
    .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
    .join(" · ");
}

export function RunNumbers({ parts }: { parts: (string | null)[] }) {
  const shown = parts.filter((part) => part !== null);
  if (shown.length === 0) return null;
  return (
    <Group gap={6}>
      <Text size="xs" c="dimmed" className="numbers">
        {shown.join(" · ")}
      </Text>
    </Group>
  );
}
