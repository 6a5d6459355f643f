/** The rows of a table: what went in, what came out, and the run that made it. */
import { Anchor, Box, Button, Center, Group, Paper, Select, Stack, Table, Text, Title } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { formatCount, formatDuration } from "@/shared/format/numbers";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import { RowsSkeleton } from "@/shared/ui/states";
import { isMoving, outputText, ROW_FILTERS, type BatchDetail, type BatchRow } from "./batchModel";
import { useRows } from "./queries";

export function Rows({ appId, batch }: { appId: string; batch: BatchDetail }) {
  const { t } = useTranslation();
  const narrow = useMediaQuery("(max-width: 48em)");
  const [search, setSearch] = useSearchParams();
  const status = search.get("rows") ?? "";
  const rows = useRows(appId, batch.id, status, isMoving(batch));
  const list = rows.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Title order={2}>{t("batches.rows")}</Title>
        <Select
          w={180}
          aria-label={t("batches.filter")}
          placeholder={t("batches.anyStatus")}
          data={ROW_FILTERS.map((value) => ({ value, label: t(`common.status.${value === "pending" ? "queued" : value}`) }))}
          value={status || null}
          onChange={(value) => setSearch(value ? { rows: value } : {}, { replace: true })}
          clearable
        />
      </Group>
      {rows.isPending ? (
        <RowsSkeleton />
      ) : list.length === 0 ? (
        <Text c="dimmed" size="sm" py="md" ta="center">
          {t("batches.noRows")}
        </Text>
      ) : narrow ? (
        <Cards appId={appId} rows={list} />
      ) : (
        <RowsTable appId={appId} rows={list} columns={batch.columns} />
      )}
      {rows.hasNextPage && (
        <Center mt="xs">
          <Button variant="default" loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>
            {t("common.loadMore")}
          </Button>
        </Center>
      )}
    </Stack>
  );
}

function RowsTable({ appId, rows, columns }: { appId: string; rows: BatchRow[]; columns: string[] }) {
  const { t, i18n } = useTranslation();
  return (
    <Paper>
      <Table.ScrollContainer minWidth={720} scrollAreaProps={{ type: "auto" }}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th ta="right" w={56}>
                #
              </Table.Th>
              <Table.Th w={130}>{t("batches.state")}</Table.Th>
              <Table.Th>{columns.slice(0, 3).join(" · ")}</Table.Th>
              <Table.Th>{t("batches.output")}</Table.Th>
              <Table.Th ta="right">{t("batches.tokens")}</Table.Th>
              <Table.Th ta="right">{t("batches.time")}</Table.Th>
              <Table.Th>{t("batches.run")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.id}>
                <Table.Td ta="right" c="dimmed" className="numbers">
                  {row.number}
                </Table.Td>
                <Table.Td>
                  <RowState row={row} />
                </Table.Td>
                <Table.Td maw={260}>
                  <Text size="sm" lineClamp={2}>
                    {row.cells.slice(0, 3).filter(Boolean).join(" · ")}
                  </Text>
                </Table.Td>
                <Table.Td maw={360}>
                  <Outcome row={row} />
                </Table.Td>
                <Table.Td ta="right">{row.prompt_tokens > 0 ? formatCount(row.prompt_tokens + row.completion_tokens, i18n.language) : ""}</Table.Td>
                <Table.Td ta="right">{row.elapsed_ms === null ? "" : formatDuration(row.elapsed_ms)}</Table.Td>
                <Table.Td>
                  <RunLink appId={appId} row={row} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function Cards({ appId, rows }: { appId: string; rows: BatchRow[] }) {
  return (
    <Stack gap="xs">
      {rows.map((row) => (
        <Paper key={row.id} p="sm">
          <Group justify="space-between" wrap="nowrap" mb={4}>
            <Group gap="xs">
              <Text size="sm" c="dimmed" className="numbers">
                {row.number}
              </Text>
              <RowState row={row} />
            </Group>
            <RunLink appId={appId} row={row} />
          </Group>
          <Text size="sm" lineClamp={2}>
            {row.cells.filter(Boolean).join(" · ")}
          </Text>
          <Box mt={4}>
            <Outcome row={row} />
          </Box>
        </Paper>
      ))}
    </Stack>
  );
}

function RowState({ row }: { row: BatchRow }) {
  return <StatusBadge status={row.status === "pending" ? "queued" : row.status} />;
}

function Outcome({ row }: { row: BatchRow }) {
  if (row.error) {
    return (
      <Text size="sm" c="var(--danger-text)" lineClamp={2}>
        {row.error.message}
      </Text>
    );
  }
  return (
    <Text size="sm" lineClamp={2}>
      {outputText(row.outputs)}
    </Text>
  );
}

function RunLink({ appId, row }: { appId: string; row: BatchRow }) {
  const { t } = useTranslation();
  const route = useRoute();
  if (!row.run_id) return null;
  return (
    <Anchor component={Link} to={route(`apps/${appId}/runs/${row.run_id}`)} size="sm" aria-label={`${t("batches.open")}: ${t("batches.runOf", { number: row.number })}`}>
      {t("batches.open")}
    </Anchor>
  );
}
