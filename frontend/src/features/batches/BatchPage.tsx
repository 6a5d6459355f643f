/** One table: what it is to run before its start, how far it is after, and each of its rows. */
import { ActionIcon, Box, Button, Group, Stack, Text, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconDownload, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { api, apiUrl } from "@/shared/api/client";
import { useMay, useRoute } from "@/shared/api/workspace";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyError } from "@/shared/ui/notify";
import { Page } from "@/shared/ui/Page";
import { saveFrom } from "@/shared/ui/saveFile";
import { Loaded, RowsSkeleton } from "@/shared/ui/states";
import { isMoving, resultsName, type BatchDetail } from "./batchModel";
import { BatchProgress } from "./BatchProgress";
import { useBatch } from "./queries";
import { Rows } from "./Rows";
import { Setup } from "./Setup";

export function BatchPage({ appId, batchId }: { appId: string; batchId: string }) {
  const batch = useBatch(appId, batchId);
  return <Loaded query={batch} skeleton={<Waiting />}>{(loaded) => <BatchFrame appId={appId} batch={loaded} />}</Loaded>;
}

function Waiting() {
  return (
    <Box maw={1120} mx="auto" p={{ base: "md", sm: "xl" }}>
      <RowsSkeleton />
    </Box>
  );
}

function BatchFrame({ appId, batch }: { appId: string; batch: BatchDetail }) {
  const { t } = useTranslation();
  const route = useRoute();
  const may = useMay();
  const download = () => void saveFrom(apiUrl(`/apps/${appId}/batches/${batch.id}/results`), resultsName(batch.name));
  return (
    <Page
      title={batch.name}
      maw={1120}
      description={
        <Button component={Link} to={route(`apps/${appId}/batches`)} size="compact-sm" variant="subtle" color="gray" ml={-8} leftSection={<IconArrowLeft size={15} />}>
          {t("batches.all")}
        </Button>
      }
      actions={
        batch.status !== "ready" && (
          <Button variant={batch.status === "finished" ? "filled" : "default"} leftSection={<IconDownload size={16} />} onClick={download}>
            {t("batches.download")}
          </Button>
        )
      }
    >
      <Stack gap="lg">
        {batch.status === "ready" ? <Setup appId={appId} batch={batch} /> : <BatchProgress appId={appId} batch={batch} />}
        {batch.status !== "ready" && <Rows appId={appId} batch={batch} />}
        {may.edit && !isMoving(batch) && batch.status !== "paused" && <Delete appId={appId} batch={batch} />}
      </Stack>
    </Page>
  );
}

function Delete({ appId, batch }: { appId: string; batch: BatchDetail }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const client = useQueryClient();
  const navigate = useNavigate();
  const route = useRoute();
  const remove = useMutation({
    mutationFn: () => api.delete(`/apps/${appId}/batches/${batch.id}`),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["batches", appId] });
      await navigate(route(`apps/${appId}/batches`));
      client.removeQueries({ queryKey: ["batch", appId, batch.id] });
    },
    onError: notifyError,
  });
  return (
    <Group justify="flex-end">
      <Tooltip label={t("batches.delete")}>
        <ActionIcon variant="subtle" onClick={() => setAsking(true)} aria-label={t("batches.delete")}>
          <IconTrash size={16} />
        </ActionIcon>
      </Tooltip>
      <ConfirmDelete opened={asking} onClose={() => setAsking(false)} title={t("batches.deleteTitle")} busy={remove.isPending} onConfirm={() => remove.mutate()}>
        <Text size="sm">{t("batches.deleteText", { name: batch.name, rows: batch.progress.total })}</Text>
      </ConfirmDelete>
    </Group>
  );
}
