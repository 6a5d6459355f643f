/** The state of a run, a document or a model: a dot and a word; colour only where it means something. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { RunStatus } from "@/shared/api/runTypes";
import type { DocumentStatus } from "@/shared/api/knowledgeTypes";
import type { ModelState } from "@/shared/api/types";

type Status = RunStatus | DocumentStatus | ModelState;

const COLORS: Partial<Record<Status, string>> = {
  succeeded: "accent.6",
  ready: "accent.6",
  loaded: "accent.6",
  available: "accent.6",
  failed: "red.6",
  unreachable: "red.6",
  cancelled: "gray.5",
  queued: "gray.5",
  paused: "yellow.6",
};

export function StatusDot({ color, pulse }: { color: string; pulse?: boolean }) {
  const [name, shade] = color.split(".");
  return (
    <span
      aria-hidden
      className={pulse ? "pulse" : undefined}
      style={{
        width: 8,
        height: 8,
        borderRadius: 4,
        flex: "none",
        display: "inline-block",
        background: `var(--mantine-color-${name}-${shade})`,
      }}
    />
  );
}

export function StatusBadge({ status }: { status: Status }) {
  const { t } = useTranslation();
  const color = COLORS[status] ?? "yellow.6";
  return (
    <Group gap={6} wrap="nowrap" display="inline-flex">
      <StatusDot color={color} pulse={!(status in COLORS)} />
      <Text size="sm" component="span" style={{ whiteSpace: "nowrap" }}>
        {t(`common.status.${status}`)}
      </Text>
    </Group>
  );
}
