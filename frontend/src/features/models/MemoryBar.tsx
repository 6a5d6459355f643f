/** What loaded models take of the memory that models may have. */
import { Group, Paper, Progress, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatBytes } from "@/shared/format/numbers";
import type { Inventory } from "./localModels";

const COLORS = ["accent.6", "blue.5", "violet.5", "teal.5", "orange.5", "pink.5"];

export function MemoryBar({ inventory }: { inventory: Inventory }) {
  const { t } = useTranslation();
  const { budget_bytes: budget, room_bytes: room } = inventory;
  if (budget === 0) return null;
  const loaded = inventory.results.filter((model) => model.memory_bytes > 0);
  return (
    <Paper p="md">
      <Stack gap="xs">
        <Group justify="space-between">
          <Text fw={600}>{t("models.memory")}</Text>
          <Text size="sm" c="dimmed" className="numbers">
            {t("models.memoryOf", { used: formatBytes(loaded.reduce((sum, model) => sum + model.memory_bytes, 0)), total: formatBytes(budget) })}
          </Text>
        </Group>
        <Progress.Root size={10} aria-label={t("models.memory")}>
          {loaded.map((model, at) => (
            <Progress.Section key={model.id} value={(100 * model.memory_bytes) / budget} color={COLORS[at % COLORS.length]} aria-label={`${model.id}: ${formatBytes(model.memory_bytes)}`} />
          ))}
        </Progress.Root>
        <Text size="xs" c="dimmed">
          {t("models.memoryHint", { room: formatBytes(Math.max(0, room)) })}
        </Text>
      </Stack>
    </Paper>
  );
}
