/** The steps of a run in the order in which they began, those inside containers set in. */
import { Loader, Text, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconClockPause, IconPin, IconPlayerStop, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { formatDuration } from "@/shared/format/numbers";
import classes from "../builder.module.css";
import { useShowNode } from "../canvas/Dialogs";
import { KindIcon } from "../canvas/kindIcons";
import type { Step } from "./runModel";

const MOST = 300;

export function StepList({ steps, chosen, onChoose }: { steps: Step[]; chosen: string; onChoose: (path: string) => void }) {
  const { t } = useTranslation();
  const show = useShowNode();
  const shown = steps.filter((step) => !step.kind.endsWith("-start")).slice(-MOST);
  return (
    <div role="listbox" aria-label={t("workflow.run.steps")}>
      {shown.map((step) => (
        <UnstyledButton
          key={step.path}
          className={classes.stepRow}
          role="option"
          aria-selected={step.path === chosen}
          data-active={step.path === chosen || undefined}
          style={{ paddingLeft: 8 + (step.path.split("/").length - 1) * 16 }}
          onClick={() => onChoose(step.path)}
          onDoubleClick={() => show(step.nodeId)}
        >
          <StepMark step={step} />
          <KindIcon kind={step.kind} size={20} />
          <Text size="sm" truncate flex={1} miw={0}>
            {step.title || step.nodeId}
            {roundOf(step.path) !== null && (
              <Text span size="xs" c="dimmed">
                {" "}
                #{roundOf(step.path)}
              </Text>
            )}
          </Text>
          <Text size="xs" c="dimmed" className="numbers">
            {step.elapsedMs === null ? "" : formatDuration(step.elapsedMs)}
          </Text>
        </UnstyledButton>
      ))}
    </div>
  );
}

/** The round, counted from 1, of the innermost container; null outside of any. */
function roundOf(path: string): number | null {
  const match = /:(\d+)\/[^/]*$/.exec(path);
  return match ? Number(match[1]) + 1 : null;
}

function StepMark({ step }: { step: Step }) {
  if (step.given) return <IconPin size={14} color="var(--mantine-color-dimmed)" />;
  switch (step.status) {
    case "running":
    case "retrying":
      return <Loader size={12} />;
    case "succeeded":
      return <IconCheck size={14} color="var(--accent-text)" />;
    case "exception":
      return <IconAlertTriangle size={14} color="var(--mantine-color-yellow-6)" />;
    case "failed":
      return <IconX size={14} color="var(--mantine-color-red-6)" />;
    case "paused":
      return <IconClockPause size={14} color="var(--mantine-color-yellow-6)" />;
    case "cancelled":
      return <IconPlayerStop size={14} color="var(--mantine-color-dimmed)" />;
  }
}
