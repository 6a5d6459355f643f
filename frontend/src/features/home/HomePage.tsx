/** What changed, how the runs of today went, where one was; for a new workspace three steps to a first answer. */
import { Anchor, Card, Group, Paper, SimpleGrid, Stack, Text, Title, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useApps, useDatasets, useRuns } from "@/shared/api/queries";
import type { App } from "@/shared/api/types";
import type { RunSummary } from "@/shared/api/runTypes";
import { useMe, useRoute, useWorkspace } from "@/shared/api/workspace";
import { formatDuration } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";
import { ModeIcon } from "@/shared/ui/modes";
import { Page } from "@/shared/ui/Page";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import { Changes } from "./Changes";
import { FirstSteps } from "./FirstSteps";
import { useOverview } from "./overview";
import { Today } from "./Today";

const RECENT_RUNS = 6;
const RECENT_APPS = 4;

export function HomePage() {
  const { t } = useTranslation();
  const workspace = useWorkspace();
  const me = useMe();
  const apps = useApps();
  const datasets = useDatasets();
  const runs = useRuns({}, RECENT_RUNS);
  const overview = useOverview();
  const error = apps.error ?? datasets.error ?? runs.error ?? overview.error;
  const recent = runs.data?.pages[0]?.results;
  const name = me.data?.name;
  const isNew = recent?.length === 0;
  return (
    <Page title={name ? t("home.welcomeName", { name }) : t("home.welcome")} description={isNew ? t("home.newText") : workspace.name}>
      {error && <ErrorState error={error} onRetry={() => void Promise.all([apps.refetch(), datasets.refetch(), runs.refetch(), overview.refetch()])} />}
      {!error && (!apps.data || !datasets.data || !recent || !overview.data) && <RowsSkeleton rows={3} height={96} />}
      {apps.data && datasets.data && recent && overview.data && (
        <Stack gap="xl">
          {isNew ? <FirstSteps apps={apps.data} datasets={datasets.data} /> : <RecentApps apps={apps.data.slice(0, RECENT_APPS)} />}
          {!isNew && <Today overview={overview.data} />}
          {!isNew && <RecentRuns runs={recent} />}
          <Changes changes={overview.data.changes} />
        </Stack>
      )}
    </Page>
  );
}

function RecentApps({ apps }: { apps: App[] }) {
  const { t } = useTranslation();
  const route = useRoute();
  if (apps.length === 0) return null;
  return (
    <section aria-label={t("home.continue")}>
      <Group justify="space-between" mb="sm">
        <Title order={2}>{t("home.continue")}</Title>
        <Anchor component={Link} to={route("apps")} size="sm">
          {t("home.allApps")}
        </Anchor>
      </Group>
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        {apps.map((app) => (
          <Card key={app.id} component={Link} to={route(`apps/${app.id}/build`)} p="md" className="card-link">
            <Stack gap="xs">
              <ModeIcon mode={app.mode} />
              <Text fw={600} truncate>
                {app.name}
              </Text>
              <Text size="xs" c="dimmed">
                <RelativeTime at={app.updated_at} />
              </Text>
            </Stack>
          </Card>
        ))}
      </SimpleGrid>
    </section>
  );
}

function RecentRuns({ runs }: { runs: RunSummary[] }) {
  const { t } = useTranslation();
  const route = useRoute();
  return (
    <section aria-label={t("home.recentRuns")}>
      <Group justify="space-between" mb="sm">
        <Title order={2}>{t("home.recentRuns")}</Title>
        <Anchor component={Link} to={route("runs")} size="sm">
          {t("home.allRuns")}
        </Anchor>
      </Group>
      <Paper style={{ overflow: "hidden" }}>
        {runs.map((run) => (
          <UnstyledButton key={run.id} component={Link} to={route(`runs/${run.id}`)} className="list-row">
            <StatusBadge status={run.status} />
            <Text size="sm" truncate flex={1} miw={0}>
              {run.query || run.app?.name || run.id.slice(0, 8)}
            </Text>
            <Text size="sm" c="dimmed" visibleFrom="sm" truncate maw={180}>
              {run.app?.name}
            </Text>
            <Text size="sm" c="dimmed" className="numbers" visibleFrom="xs" w={72} ta="right">
              {formatDuration(run.elapsed_ms)}
            </Text>
            <Text size="sm" c="dimmed" w={84} ta="right" style={{ flex: "none" }}>
              <RelativeTime at={run.created_at} />
            </Text>
          </UnstyledButton>
        ))}
      </Paper>
    </section>
  );
}
