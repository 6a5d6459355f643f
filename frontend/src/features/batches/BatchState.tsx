/** Where a table is, as a dot and a word. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { StatusDot } from "@/shared/ui/StatusBadge";
import type { BatchStatus } from "./batchModel";

const COLORS: Record<BatchStatus, string> = { ready: "gray.5", running: "yellow.6", paused: "yellow.6", finished: "accent.6", cancelled: "gray.5" };

export function BatchState({ status }: { status: BatchStatus }) {
  const { t } = useTranslation();
  return (
    <Group gap={6} wrap="nowrap" display="inline-flex">
      <StatusDot color={COLORS[status]} pulse={status === "running"} />
      <Text size="sm" component="span" style={{ whiteSpace: "nowrap" }}>
        {t(`batches.status.${status}`)}
      </Text>
    </Group>
  );
}
