/** All datasets of the workspace: find one by name or tag, see how far each is, make one. */
import { Button, Center, Chip, Group, SimpleGrid, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconBooks, IconPlus, IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/shared/api/workspace";
import { Page } from "@/shared/ui/Page";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { CreateDataset } from "./CreateDataset";
import { DatasetCard } from "./DatasetCard";
import { useDatasetList, useDatasetTags } from "./queries";
import { useAddress } from "./useAddress";

export function DatasetsPage() {
  const { t } = useTranslation();
  const may = useMay();
  const { get, put } = useAddress();
  const [search] = useDebouncedValue(get("search"), 200);
  const tag = get("tag");
  const datasets = useDatasetList({ search, tag });
  const list = datasets.data?.pages.flatMap((page) => page.results) ?? [];
  const filtered = get("search") !== "" || tag !== "";
  const create = may.edit && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => put({ new: "1" })}>
      {t("knowledge.new")}
    </Button>
  );
  return (
    <Page title={t("common.rooms.knowledge")} description={t("knowledge.description")} actions={create}>
      {(list.length > 0 || filtered) && (
        <Group mb="md" gap="sm">
          <TextInput
            leftSection={<IconSearch size={16} />}
            placeholder={t("knowledge.searchDatasets")}
            aria-label={t("knowledge.searchDatasets")}
            value={get("search")}
            onChange={(event) => put({ search: event.currentTarget.value })}
            flex={1}
            miw={{ base: "100%", sm: 200 }}
            maw={{ sm: 320 }}
          />
          <TagChips chosen={tag} onChoose={(id) => put({ tag: id })} />
        </Group>
      )}
      {datasets.isPending && <RowsSkeleton rows={3} height={132} />}
      {datasets.isError && <ErrorState error={datasets.error} onRetry={() => void datasets.refetch()} />}
      {datasets.data && list.length === 0 && filtered && <Text c="dimmed">{t("knowledge.noDatasetFound")}</Text>}
      {datasets.data && list.length === 0 && !filtered && (
        <EmptyState icon={IconBooks} title={t("knowledge.emptyTitle")} text={t("knowledge.emptyText")} action={create} />
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {list.map((dataset) => (
          <DatasetCard key={dataset.id} dataset={dataset} />
        ))}
      </SimpleGrid>
      {datasets.hasNextPage && (
        <Center mt="md">
          <Button variant="default" loading={datasets.isFetchingNextPage} onClick={() => void datasets.fetchNextPage()}>
            {t("common.loadMore")}
          </Button>
        </Center>
      )}
      <CreateDataset opened={get("new") === "1"} onClose={() => put({ new: null })} />
    </Page>
  );
}

function TagChips({ chosen, onChoose }: { chosen: string; onChoose: (id: string) => void }) {
  const { t } = useTranslation();
  const tags = useDatasetTags();
  const used = (tags.data ?? []).filter((tag) => tag.datasets > 0 || tag.id === chosen);
  if (used.length === 0) return null;
  return (
    <Group gap={6} role="group" aria-label={t("knowledge.tags")}>
      {used.map((tag) => (
        <Chip key={tag.id} size="xs" checked={tag.id === chosen} onChange={(on) => onChoose(on ? tag.id : "")}>
          {tag.name}
        </Chip>
      ))}
    </Group>
  );
}
