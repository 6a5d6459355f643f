/** An app over tables of inputs: a table to drop, and those that were dropped before. */
import { Button, Group, Paper, Progress, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconDownload, IconTable } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { apiUrl } from "@/shared/api/client";
import { useApp } from "@/shared/api/queries";
import { useMay, useRoute } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";
import { Page } from "@/shared/ui/Page";
import { saveFrom } from "@/shared/ui/saveFile";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { doneOf, type Batch } from "./batchModel";
import { BatchPage } from "./BatchPage";
import { BatchState } from "./BatchState";
import classes from "./batches.module.css";
import { useBatches } from "./queries";
import { UploadTable } from "./UploadTable";

export function BatchesPage() {
  const { appId = "", batchId } = useParams();
  return batchId ? <BatchPage key={batchId} appId={appId} batchId={batchId} /> : <BatchList appId={appId} />;
}

function BatchList({ appId }: { appId: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const app = useApp(appId);
  const batches = useBatches(appId);
  const template = () => void saveFrom(apiUrl(`/apps/${appId}/batches/template`), `${app.data?.slug ?? "table"}.csv`);
  return (
    <Page
      title={t("batches.title")}
      description={t("batches.text")}
      maw={960}
      actions={
        <Button variant="default" leftSection={<IconDownload size={16} />} onClick={template}>
          {t("batches.template")}
        </Button>
      }
    >
      <Stack gap="lg">
        {may.edit && <UploadTable appId={appId} />}
        <Loaded query={batches}>
          {(list) =>
            list.length === 0 ? (
              <EmptyState icon={IconTable} title={t("batches.emptyTitle")} text={t("batches.emptyText")} />
            ) : (
              <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }}>
                {list.map((batch) => (
                  <li key={batch.id}>
                    <BatchCard appId={appId} batch={batch} />
                  </li>
                ))}
              </Stack>
            )
          }
        </Loaded>
      </Stack>
    </Page>
  );
}

function BatchCard({ appId, batch }: { appId: string; batch: Batch }) {
  const { t, i18n } = useTranslation();
  const route = useRoute();
  const { progress } = batch;
  return (
    <UnstyledButton component={Link} to={route(`apps/${appId}/batches/${batch.id}`)} className={classes.card} display="block">
      <Paper p="md">
        <Group justify="space-between" gap="xs">
          <Stack gap={2} flex={1} miw={180}>
            <Text fw={600} truncate>
              {batch.name}
            </Text>
            <Text size="xs" c="dimmed">
              {batch.app_version === null ? t("batches.draft") : t("batches.version", { number: batch.app_version })} · <RelativeTime at={batch.created_at} />
              {batch.created_by && ` · ${batch.created_by.email}`}
            </Text>
          </Stack>
          <Text size="sm" className="numbers" c="dimmed">
            {t("batches.done", { done: formatCount(doneOf(progress), i18n.language), total: formatCount(progress.total, i18n.language) })}
            {progress.failed > 0 && ` · ${t("batches.failedRows", { rows: formatCount(progress.failed, i18n.language) })}`}
          </Text>
          <BatchState status={batch.status} />
        </Group>
        {batch.status !== "ready" && <Progress mt="xs" size={4} value={(100 * doneOf(progress)) / progress.total} aria-label={t("batches.progressOf", { name: batch.name })} />}
      </Paper>
    </UnstyledButton>
  );
}
