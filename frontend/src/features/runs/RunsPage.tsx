/** Every run of the workspace, or of one app: filters in the address, a run opens beside the table. */
import { Button, Center, Drawer, Group, Select, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { IconListDetails, IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { useApps, useRuns } from "@/shared/api/queries";
import { useRoute } from "@/shared/api/workspace";
import { Page } from "@/shared/ui/Page";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { RunCards, RunRow } from "./RunRow";
import { RunTrace } from "./RunTrace";

const STATUSES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;
const SOURCES = ["console", "service_api", "openai"] as const;

export function RunsPage() {
  const { t } = useTranslation();
  const { appId, runId } = useParams();
  const route = useRoute();
  const navigate = useNavigate();
  const narrow = useMediaQuery("(max-width: 720px)");
  const [search] = useSearchParams();
  const base = route(appId ? `apps/${appId}/runs` : "runs");
  const query = search.size > 0 ? `?${search}` : "";
  const text = useDebouncedValue(search.get("search") ?? "", 250)[0];
  const filters = {
    app: appId ?? search.get("app") ?? "",
    status: search.get("status") ?? "",
    source: search.get("source") ?? "",
    search: text,
  };
  const runs = useRuns(filters);
  const list = runs.data?.pages.flatMap((page) => page.results) ?? [];
  const filtered = filters.status !== "" || filters.source !== "" || filters.search !== "" || (!appId && filters.app !== "");
  const open = (id: string) => void navigate(`${base}/${id}${query}`);
  return (
    <Page title={t("common.rooms.runs")} description={t(appId ? "runs.appDescription" : "runs.description")} maw={1320}>
      <Filters withApp={!appId} />
      {runs.isPending && <RowsSkeleton rows={8} />}
      {runs.isError && <ErrorState error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.data && list.length === 0 && filtered && <Text c="dimmed">{t("runs.noneFound")}</Text>}
      {runs.data && list.length === 0 && !filtered && (
        <EmptyState
          icon={IconListDetails}
          title={t("runs.emptyTitle")}
          text={t("runs.emptyText")}
          action={
            <Button component={Link} to={route(appId ? `apps/${appId}/build` : "apps")}>
              {t("runs.emptyAction")}
            </Button>
          }
        />
      )}
      {list.length > 0 && narrow && <RunCards runs={list} onOpen={open} />}
      {list.length > 0 && !narrow && (
        <Table.ScrollContainer minWidth={860}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("runs.status")}</Table.Th>
                {!appId && <Table.Th>{t("runs.app")}</Table.Th>}
                <Table.Th>{t("runs.question")}</Table.Th>
                <Table.Th ta="right">{t("runs.tokens")}</Table.Th>
                <Table.Th ta="right">{t("runs.cost")}</Table.Th>
                <Table.Th ta="right">{t("runs.firstToken")}</Table.Th>
                <Table.Th ta="right">{t("runs.time")}</Table.Th>
                <Table.Th ta="right">{t("runs.started")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {list.map((run) => (
                <RunRow key={run.id} run={run} to={`${base}/${run.id}${query}`} withApp={!appId} selected={run.id === runId} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {runs.hasNextPage && (
        <Center mt="md">
          <Button variant="default" loading={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
            {t("common.loadMore")}
          </Button>
        </Center>
      )}
      <Drawer opened={runId !== undefined} onClose={() => void navigate(`${base}${query}`)} title={t("runs.run")} size={narrow ? "100%" : 760}>
        {runId && <RunTrace key={runId} runId={runId} />}
      </Drawer>
    </Page>
  );
}

function Filters({ withApp }: { withApp: boolean }) {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const apps = useApps();
  const put = (name: string, value: string | null) =>
    setSearch(
      (params) => {
        if (value) params.set(name, value);
        else params.delete(name);
        return params;
      },
      { replace: true },
    );
  return (
    <Group mb="md" gap="xs">
      <TextInput
        flex={1}
        miw={{ base: "100%", sm: 200 }}
        maw={{ sm: 320 }}
        leftSection={<IconSearch size={16} />}
        placeholder={t("runs.search")}
        aria-label={t("runs.search")}
        value={search.get("search") ?? ""}
        onChange={(event) => put("search", event.currentTarget.value)}
      />
      {withApp && (
        <Select
          w={{ base: "100%", sm: 196 }}
          placeholder={t("runs.anyApp")}
          aria-label={t("runs.app")}
          data={(apps.data ?? []).map((app) => ({ value: app.id, label: app.name }))}
          value={search.get("app")}
          onChange={(value) => put("app", value)}
          clearable
          searchable
        />
      )}
      <Select
        w={{ base: "calc(50% - 4px)", sm: 184 }}
        placeholder={t("runs.anyStatus")}
        aria-label={t("runs.status")}
        data={STATUSES.map((value) => ({ value, label: t(`common.status.${value}`) }))}
        value={search.get("status")}
        onChange={(value) => put("status", value)}
        clearable
      />
      <Select
        w={{ base: "calc(50% - 4px)", sm: 184 }}
        placeholder={t("runs.anySource")}
        aria-label={t("runs.source")}
        data={SOURCES.map((value) => ({ value, label: t(`runs.sourceNames.${value}`) }))}
        value={search.get("source")}
        onChange={(value) => put("source", value)}
        clearable
      />
    </Group>
  );
}
