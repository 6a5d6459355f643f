/** Numbers over runs: totals beside the period before, their course, and a table by one dimension. */
import { Alert, Button } from "@mantine/core";
import { useInterval } from "@mantine/hooks";
import { IconChartLine, IconHourglass } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams, useSearchParams } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { Page } from "@/shared/ui/Page";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { Breakdown } from "./Breakdown";
import { Choosing } from "./Choosing";
import { choiceOf, withChange } from "./choice";
import { Numbers } from "./Numbers";
import { useTotals } from "./queries";
import { TimeChart } from "./TimeChart";

const MOVES_ON_MS = 60_000;

export function AnalyticsPage() {
  const { t } = useTranslation();
  const { appId } = useParams();
  const route = useRoute();
  const [search, setSearch] = useSearchParams();
  const [now, setNow] = useState(() => Date.now());
  useInterval(() => setNow(Date.now()), MOVES_ON_MS, { autoInvoke: true });
  const choice = choiceOf(search, now, appId);
  const put = (change: Record<string, string | null>) => setSearch((params) => withChange(params, change), { replace: true });
  const totals = useTotals(choice);
  const runsAt = route(appId ? `apps/${appId}/runs` : "runs");
  const runs = totals.data?.totals.find((total) => total.metric === "runs");
  const isEmpty = runs?.value === 0 && runs.previous === 0 && Object.keys(choice.filters).every((name) => name === "app" && appId);
  return (
    <Page title={t("common.rooms.analytics")} description={t(appId ? "analytics.appDescription" : "analytics.description")} maw={1440}>
      <Choosing choice={choice} appId={appId} onChange={put} />
      {totals.isError && <ErrorState error={totals.error} onRetry={() => void totals.refetch()} />}
      {totals.isPending && <RowsSkeleton rows={5} height={84} />}
      {totals.data?.is_behind && (
        <Alert variant="light" color="gray" icon={<IconHourglass size={16} />} mb="sm" role="status">
          {t("analytics.behind")}
        </Alert>
      )}
      {totals.data && isEmpty && (
        <EmptyState
          icon={IconChartLine}
          title={t("analytics.emptyTitle")}
          text={t("analytics.emptyText")}
          action={
            <Button component={Link} to={route(appId ? `apps/${appId}/build` : "apps")}>
              {t("analytics.emptyAction")}
            </Button>
          }
        />
      )}
      {totals.data && !isEmpty && (
        <>
          <Numbers totals={totals.data.totals} runsAt={runsAt} appId={appId} chart={choice.chart} onChart={(chart) => put({ chart })} />
          <TimeChart choice={choice} runsAt={runsAt} appId={appId} onChart={(chart) => put({ chart })} />
          <Breakdown choice={choice} runsAt={runsAt} appId={appId} onChange={put} />
        </>
      )}
    </Page>
  );
}
