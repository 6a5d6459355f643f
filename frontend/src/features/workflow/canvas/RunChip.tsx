/** The state and time of a node in the run that is shown. */
import { Tooltip } from "@mantine/core";
import { IconCheck, IconClockPause, IconPlayerStop, IconX, IconAlertTriangle, IconPin } from "@tabler/icons-react";
import { Loader } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatDuration } from "@/shared/format/numbers";
import { useOverlay } from "../run/RunContext";
import type { StepStatus } from "../run/runModel";
import classes from "./canvas.module.css";

const ICONS: Record<StepStatus, React.ReactNode> = {
  running: <Loader size={11} />,
  retrying: <Loader size={11} color="yellow" />,
  succeeded: <IconCheck size={13} />,
  exception: <IconAlertTriangle size={13} />,
  failed: <IconX size={13} />,
  paused: <IconClockPause size={13} />,
  cancelled: <IconPlayerStop size={13} />,
};

export function useRunMark(nodeId: string): StepStatus | undefined {
  return useOverlay(nodeId)?.status;
}

export function RunChip({ nodeId }: { nodeId: string }) {
  const { t } = useTranslation();
  const overlay = useOverlay(nodeId);
  if (!overlay) return null;
  const state = t(`workflow.run.states.${overlay.status}`);
  const note = overlay.given === "mocked" ? t("workflow.run.mocked") : overlay.given === "cached" ? t("workflow.run.cached") : "";
  return (
    <Tooltip label={[state, note, overlay.error?.message].filter(Boolean).join(" · ")} multiline maw={360}>
      <span className={classes.chip} data-status={overlay.status} role="status" aria-label={state}>
        {overlay.given ? <IconPin size={12} /> : ICONS[overlay.status]}
        {overlay.count > 1 && <span>×{overlay.count}</span>}
        {overlay.elapsedMs !== null && <span className="numbers">{formatDuration(overlay.elapsedMs)}</span>}
      </span>
    </Tooltip>
  );
}
