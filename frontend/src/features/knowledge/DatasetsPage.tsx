/** All datasets of the workspace. */
import { Badge, Button, Card, Group, SimpleGrid, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconBooks, IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useDatasets } from "@/shared/api/queries";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { useMay, useRoute } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";
import { Page } from "@/shared/ui/Page";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { CreateDataset } from "./CreateDataset";

export function DatasetsPage() {
  const { t } = useTranslation();
  const may = useMay();
  const datasets = useDatasets();
  const [search, setSearch] = useSearchParams();
  const setNew = (on: boolean) => setSearch(on ? { new: "1" } : {}, { replace: true });
  const create = may.edit && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setNew(true)}>
      {t("knowledge.new")}
    </Button>
  );
  return (
    <Page title={t("common.rooms.knowledge")} description={t("knowledge.description")} actions={create}>
      <Loaded query={datasets}>
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon={IconBooks} title={t("knowledge.emptyTitle")} text={t("knowledge.emptyText")} action={create} />
          ) : (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {list.map((dataset) => (
                <DatasetCard key={dataset.id} dataset={dataset} />
              ))}
            </SimpleGrid>
          )
        }
      </Loaded>
      <CreateDataset opened={search.get("new") === "1"} onClose={() => setNew(false)} />
    </Page>
  );
}

function DatasetCard({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const route = useRoute();
  const { total, ready, failed } = dataset.document_counts;
  const working = total - ready - failed;
  return (
    <Card component={Link} to={route(`knowledge/${dataset.id}`)} p="md" className="card-link">
      <Stack gap="xs" h="100%">
        <Group gap="sm" wrap="nowrap">
          <ThemeIcon variant="light" size={36} aria-hidden>
            <IconBooks size={19} stroke={1.6} />
          </ThemeIcon>
          <Text fw={600} truncate>
            {dataset.name}
          </Text>
        </Group>
        {dataset.description && (
          <Text size="sm" c="dimmed" className="clamp-2" flex={1}>
            {dataset.description}
          </Text>
        )}
        <Group justify="space-between" mt="auto">
          <Text size="sm" c="dimmed" className="numbers">
            {t("knowledge.documentCount", { count: total })} · {t("knowledge.chunkCount", { count: dataset.chunk_count, formatted: formatCount(dataset.chunk_count) })}
          </Text>
          <Text size="xs" c="dimmed">
            <RelativeTime at={dataset.updated_at} />
          </Text>
        </Group>
        {(working > 0 || failed > 0) && (
          <Group gap="xs">
            {working > 0 && <Badge color="yellow">{t("knowledge.working", { count: working })}</Badge>}
            {failed > 0 && <Badge color="red">{t("knowledge.failed", { count: failed })}</Badge>}
          </Group>
        )}
      </Stack>
    </Card>
  );
}
