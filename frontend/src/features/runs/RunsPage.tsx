/** Every run of the workspace, or of one app: filters in the address, a run opens beside the table. */
import { Button, Drawer, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconListDetails } from "@tabler/icons-react";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import type { RunCount } from "@/shared/api/runTypes";
import { useRoute } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { Page } from "@/shared/ui/Page";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { ExportRuns } from "./ExportRuns";
import { FilterBar } from "./FilterBar";
import { filtersOf } from "./filters";
import { useRunCount, useRunPages } from "./queries";
import { RunTable } from "./RunTable";
import { RunTrace } from "./RunTrace";

export function RunsPage() {
  const { t } = useTranslation();
  const { appId, runId } = useParams();
  const route = useRoute();
  const navigate = useNavigate();
  const narrow = useMediaQuery("(max-width: 720px)");
  const [search] = useSearchParams();
  const base = route(appId ? `apps/${appId}/runs` : "runs");
  const query = search.size > 0 ? `?${search}` : "";
  const own = filtersOf(search);
  const filters = appId ? { ...own, app: appId } : own;
  const runs = useRunPages(filters);
  const count = useRunCount(filters);
  const list = runs.data?.pages.flatMap((page) => page.results) ?? [];
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = runs;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const isFiltered = Object.keys(own).length > 0;
  return (
    <Page title={t("common.rooms.runs")} description={t(appId ? "runs.appDescription" : "runs.description")} actions={<ExportRuns filters={filters} />} maw={1440}>
      <FilterBar withApp={!appId} room={appId ?? "all"} />
      {runs.isPending && <RowsSkeleton rows={8} />}
      {runs.isError && <ErrorState error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.data && list.length === 0 && isFiltered && <Text c="dimmed">{t("runs.noneFound")}</Text>}
      {runs.data && list.length === 0 && !isFiltered && (
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
      {list.length > 0 && (
        <>
          <Counted count={count.data} />
          <RunTable runs={list} withApp={!appId} narrow={narrow === true} selected={runId} addressOf={(id) => `${base}/${id}${query}`} hasMore={hasNextPage} onMore={more} />
        </>
      )}
      <Drawer opened={runId !== undefined} onClose={() => void navigate(`${base}${query}`)} title={t("runs.run")} size={narrow ? "100%" : 860}>
        {runId && <RunTrace key={runId} runId={runId} addressOf={(id) => `${base}/${id}${query}`} />}
      </Drawer>
    </Page>
  );
}

/** Beyond a thousand nobody counts: it would cost more than it tells. */
function Counted({ count }: { count: RunCount | undefined }) {
  const { t, i18n } = useTranslation();
  const number = count ? `${formatCount(count.count, i18n.language)}${count.is_more ? "+" : ""}` : "…";
  return (
    <Text size="xs" c="dimmed" mb={6} role="status" className="numbers">
      {t("runs.counted", { count: count?.count ?? 0, number })}
    </Text>
  );
}
