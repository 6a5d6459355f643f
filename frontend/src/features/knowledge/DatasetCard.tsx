/** A dataset among others: what it holds, and how far its indexing is. */
import { Badge, Card, Group, Progress, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconBooks } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { useRoute } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";

export function DatasetCard({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const route = useRoute();
  const { total, ready, failed } = dataset.document_counts;
  const working = total - ready - failed;
  return (
    <Card component={Link} to={route(`knowledge/${dataset.id}`)} p="md" className="card-link" style={{ minHeight: 132 }}>
      <Stack gap="xs" h="100%">
        <Group gap="sm" wrap="nowrap">
          <ThemeIcon variant="light" size={36} aria-hidden>
            <IconBooks size={19} stroke={1.6} />
          </ThemeIcon>
          <Stack gap={0} miw={0} flex={1}>
            <Text fw={600} truncate title={dataset.name}>
              {dataset.name}
            </Text>
            <Text size="xs" c="dimmed">
              {t(`knowledge.modes.${dataset.chunk_mode}`)}
            </Text>
          </Stack>
        </Group>
        {dataset.description && (
          <Text size="sm" c="dimmed" className="clamp-2">
            {dataset.description}
          </Text>
        )}
        {(dataset.tags.length > 0 || failed > 0) && (
          <Group gap={6}>
            {failed > 0 && <Badge color="red">{t("knowledge.failed", { count: failed })}</Badge>}
            {dataset.tags.map((tag) => (
              <Badge key={tag.id} color="gray">
                {tag.name}
              </Badge>
            ))}
          </Group>
        )}
        {working > 0 && (
          <Stack gap={4}>
            <Text size="xs" c="dimmed">
              {t("knowledge.indexing", { ready: formatCount(ready + failed), total: formatCount(total) })}
            </Text>
            <Progress value={((ready + failed) / total) * 100} size={4} aria-label={t("knowledge.progressOf", { name: dataset.name })} />
          </Stack>
        )}
        {dataset.reembedding && !dataset.reembedding.reason && (
          <Text size="xs" c="dimmed">
            {t("knowledge.reembeddingTo", { model: dataset.reembedding.model })}
          </Text>
        )}
        <Group justify="space-between" mt="auto" gap="xs" wrap="nowrap">
          <Text size="sm" c="dimmed" className="numbers" truncate>
            {t("knowledge.documentCount", { count: total })} · {t("knowledge.chunkCount", { count: dataset.chunk_count, formatted: formatCount(dataset.chunk_count) })}
          </Text>
          <Text size="xs" c="dimmed" style={{ flex: "none" }}>
            <RelativeTime at={dataset.updated_at} />
          </Text>
        </Group>
      </Stack>
    </Card>
  );
}
