/** What one annotation answered: each question, how near it was, and its run. */
import { Button, Drawer, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { RelativeTime } from "@/shared/ui/bits";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { useHits } from "./queries";

export function Hits({ appId, annotationId, onClose }: { appId: string; annotationId: string | null; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Drawer opened={annotationId !== null} onClose={onClose} position="right" title={t("annotations.hitsTitle")}>
      {annotationId && <List appId={appId} annotationId={annotationId} />}
    </Drawer>
  );
}

function List({ appId, annotationId }: { appId: string; annotationId: string }) {
  const { t } = useTranslation();
  const route = useRoute();
  const hits = useHits(appId, annotationId);
  if (hits.isError) return <ErrorState error={hits.error} onRetry={() => void hits.refetch()} />;
  if (hits.isPending) return <RowsSkeleton />;
  const rows = hits.data.pages.flatMap((page) => page.results);
  if (rows.length === 0) return <Text c="dimmed">{t("annotations.noHits")}</Text>;
  return (
    <Stack gap="sm">
      {rows.map((hit) => (
        <div key={hit.id}>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            {hit.question}
          </Text>
          <Group gap="xs" c="dimmed">
            <Text size="xs" className="numbers">
              {t("annotations.score", { score: hit.score.toFixed(3) })} · <RelativeTime at={hit.created_at} />
            </Text>
            <Text size="xs" component={Link} to={route(`apps/${appId}/runs/${hit.run_id}`)} c="var(--accent-text)">
              {t("annotations.openRun")}
            </Text>
          </Group>
        </div>
      ))}
      {hits.hasNextPage && (
        <Button variant="default" loading={hits.isFetchingNextPage} onClick={() => void hits.fetchNextPage()}>
          {t("annotations.more")}
        </Button>
      )}
    </Stack>
  );
}
