/** One limit: whose, how much, a bar of what is used, and when it begins anew. */
import { ActionIcon, Group, Progress, Stack, Text, Tooltip } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { RelativeTime } from "@/shared/ui/bits";
import { amountText, share, shareColor, whose, type Limit } from "./limits";

interface LimitRowProps {
  limit: Limit;
  /** Null for who may only read. */
  onEdit: (() => void) | null;
  onRemove: () => void;
}

export function LimitRow({ limit, onEdit, onRemove }: LimitRowProps) {
  const { t } = useTranslation();
  const name = whose(t, limit);
  const allowed = t(`limits.allowed.${limit.period}`, { amount: amountText(limit.metric, limit.amount), metric: t(`limits.units.${limit.metric}`) });
  const said = t("limits.usedOf", { used: amountText(limit.metric, limit.used), amount: amountText(limit.metric, limit.amount) });
  return (
    <Stack gap={6}>
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Stack gap={0} miw={0}>
          <Text size="sm" fw={500} style={{ overflowWrap: "anywhere" }}>
            {name}
          </Text>
          <Text size="xs" c="dimmed">
            {allowed}
          </Text>
        </Stack>
        {onEdit && (
          <Group gap={2} wrap="nowrap">
            <Tooltip label={t("common.edit")}>
              <ActionIcon variant="subtle" color="gray" onClick={onEdit} aria-label={t("limits.editOf", { whose: name })}>
                <IconPencil size={16} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={t("common.delete")}>
              <ActionIcon variant="subtle" color="gray" onClick={onRemove} aria-label={t("limits.removeOf", { whose: name })}>
                <IconTrash size={16} />
              </ActionIcon>
            </Tooltip>
          </Group>
        )}
      </Group>
      <Progress value={share(limit) * 100} color={shareColor(limit)} aria-label={`${name}: ${said}`} />
      <Group justify="space-between" gap="xs">
        <Text size="xs" className="numbers">
          {said}
          {limit.scope === "end_user" && limit.subject ? ` · ${t("limits.most", { subject: limit.subject, count: limit.subjects })}` : ""}
        </Text>
        <Text size="xs" c="dimmed">
          {t("limits.resets")} <RelativeTime at={limit.resets_at} />
        </Text>
      </Group>
    </Stack>
  );
}
