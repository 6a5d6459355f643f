/** The numbers of each value of a dimension: a value narrows the page to itself, a number leads to its runs. */
import { Anchor, Button, Group, Paper, Select, SimpleGrid, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import type { TFunction } from "i18next";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";
import classes from "./analytics.module.css";
import { type Choice, type Dimension, DIMENSIONS, ORDERS, runsQuery } from "./choice";
import { type Unit, written } from "./numbers";
import { type BreakdownRow, download, useBreakdown } from "./queries";

interface Column {
  metric: string;
  unit: Unit;
  /** What narrows the row's runs further to those that the number is about. */
  narrows?: (value: number) => Record<string, string>;
}

const slow = (value: number) => ({ elapsed_ms_min: String(Math.floor(value * 0.99)) });
const COLUMNS: Column[] = [
  { metric: "runs", unit: "count" },
  { metric: "error_rate", unit: "ratio", narrows: () => ({ status: "failed" }) },
  { metric: "tokens", unit: "tokens" },
  { metric: "cost", unit: "usd" },
  { metric: "satisfaction", unit: "ratio", narrows: () => ({ feedback: "any" }) },
  { metric: "ttft_p50", unit: "ms" },
  { metric: "time_p50", unit: "ms" },
  { metric: "time_p95", unit: "ms", narrows: slow },
  { metric: "tokens_per_second", unit: "tokens_per_s" },
];
/** Of a node neither the first token nor a verdict is known; of an end user only sums are kept. */
const LACKS: Partial<Record<Dimension, string[]>> = {
  node: ["cost", "satisfaction", "ttft_p50", "tokens_per_second"],
  end_user: ["ttft_p50", "time_p50", "time_p95", "tokens_per_second"],
};

interface BreakdownProps {
  choice: Choice;
  runsAt: string;
  appId: string | undefined;
  onChange: (change: Record<string, string | null>) => void;
}

export function Breakdown({ choice, runsAt, appId, onChange }: BreakdownProps) {
  const { t } = useTranslation();
  const narrow = useMediaQuery("(max-width: 720px)");
  const table = useBreakdown(choice);
  const dimension = (table.data?.dimension ?? choice.dimension) as Dimension;
  const columns = COLUMNS.filter(({ metric }) => !LACKS[dimension]?.includes(metric));
  const dimensions = DIMENSIONS.filter((each) => !(each === "app" && appId) && !(each === "version" && !choice.filters.app));
  const narrowTo = (value: string) => onChange({ [dimension]: value, ...(dimension === "app" ? { by: "version" } : {}) });
  const shared = { dimension, columns, appId, runsAt, onNarrow: dimension === "node" ? undefined : narrowTo };
  return (
    <section aria-label={t("analytics.breakdown")}>
      <Group justify="space-between" mb="xs" gap="xs">
        <Group gap="xs">
          <Select size="xs" w={170} aria-label={t("analytics.by")} data={dimensions.map((value) => ({ value, label: t(`analytics.dimensions.${value}`) }))} value={choice.dimension} onChange={(by) => onChange({ by })} allowDeselect={false} />
          <Select size="xs" w={170} aria-label={t("analytics.order")} data={ORDERS.map((value) => ({ value, label: t(`analytics.orders.${value}`) }))} value={choice.order} onChange={(order) => onChange({ order })} allowDeselect={false} />
        </Group>
        <Button size="xs" variant="subtle" color="gray" leftSection={<IconDownload size={14} />} onClick={() => void download(choice, "breakdown")}>
          CSV
        </Button>
      </Group>
      {table.isError && <ErrorState error={table.error} onRetry={() => void table.refetch()} />}
      {table.isPending && <RowsSkeleton rows={6} />}
      {table.data?.rows.length === 0 && <Text c="dimmed">{t("analytics.noRows")}</Text>}
      {table.data && table.data.rows.length > 0 && (narrow ? <Cards rows={table.data.rows} {...shared} /> : <Rows rows={table.data.rows} {...shared} />)}
      {table.data?.is_more && (
        <Text size="xs" c="dimmed" mt="xs">
          {t("analytics.more", { count: table.data.rows.length })}
        </Text>
      )}
    </section>
  );
}

interface RowsProps {
  rows: BreakdownRow[];
  dimension: Dimension;
  columns: Column[];
  appId: string | undefined;
  runsAt: string;
  onNarrow: ((value: string) => void) | undefined;
}

function Rows({ rows, ...shared }: RowsProps) {
  const { t } = useTranslation();
  const most = Math.max(1, ...rows.map((row) => row.values.runs ?? 0));
  const { dimension, columns } = shared;
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t(`analytics.dimensions.${dimension}`)}</Table.Th>
            {columns.map(({ metric }) => (
              <Table.Th key={metric} ta="right">
                {heading(t, dimension, metric)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.value}>
              <Table.Td maw={260} className={classes.share} style={{ "--share": `${(100 * (row.values.runs ?? 0)) / most}%` }}>
                <Label row={row} {...shared} />
              </Table.Td>
              {columns.map((column) => (
                <Table.Td key={column.metric} ta="right" className="numbers">
                  <Figure row={row} column={column} {...shared} />
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Cards({ rows, ...shared }: RowsProps) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs">
      {rows.map((row) => (
        <Paper key={row.value} p="sm">
          <Label row={row} {...shared} />
          <SimpleGrid cols={3} spacing="xs" mt="xs">
            {shared.columns.map((column) => (
              <div key={column.metric}>
                <Text size="xs" c="dimmed" lineClamp={1}>
                  {heading(t, shared.dimension, column.metric)}
                </Text>
                <Figure row={row} column={column} {...shared} />
              </div>
            ))}
          </SimpleGrid>
        </Paper>
      ))}
    </Stack>
  );
}



const heading = (t: TFunction, dimension: Dimension, metric: string): string => t(dimension === "node" && metric === "runs" ? "analytics.executions" : `analytics.short.${metric as "runs"}`);

function Label({ row, dimension, onNarrow }: Omit<RowsProps, "rows">  & { row: BreakdownRow }) {
  const { t } = useTranslation();
  const name = nameOf(t, row, dimension);
  if (!row.value || !onNarrow) return <Text truncate>{name}</Text>;
  return (
    <UnstyledButton onClick={() => onNarrow(row.value)} aria-label={t("analytics.narrowTo", { name })} maw="100%" className={classes.label}>
      <Text truncate>{name}</Text>
    </UnstyledButton>
  );
}

function nameOf(t: TFunction, row: BreakdownRow, dimension: Dimension): string {
  if (dimension === "version") return row.value === "0" ? t("analytics.draft") : t("analytics.version", { number: row.value });
  if (row.value === "") return t(dimension === "app" ? "analytics.noApp" : "analytics.none");
  if (dimension === "source") return t(`runs.sourceNames.${row.value as "console"}`);
  return row.label === row.value && (dimension === "app" || dimension === "key" || dimension === "member") ? t("analytics.gone", { id: row.value.slice(0, 8) }) : row.label;
}

function Figure({ row, column, appId, runsAt }: Omit<RowsProps, "rows"> & { row: BreakdownRow; column: Column }): ReactNode {
  const { i18n } = useTranslation();
  const value = row.values[column.metric] ?? null;
  const text = written(value, column.unit, i18n.language);
  if (value === null || !row.runs) return <Text c={value === null ? "dimmed" : undefined}>{text}</Text>;
  return (
    <Anchor component={Link} to={`${runsAt}${runsQuery({ ...row.runs, ...column.narrows?.(value) }, appId)}`} c="inherit" className="numbers">
      {text}
    </Anchor>
  );
}
