/** One metric over time: bars for what adds up, a line for shares, bands for percentiles. A step leads to its runs. */
import { Button, Group, Paper, Select, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconDownload } from "@tabler/icons-react";
import { type KeyboardEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";
import classes from "./analytics.module.css";
import { bandOf, type Box, columnsOf, heightOf, labelled, lineOf, ticksTo } from "./chartModel";
import { type Chart, type Choice, CHARTS, metricsOf, runsQuery } from "./choice";
import { written } from "./numbers";
import { download, type Series, useSeries } from "./queries";

const HEIGHT = 260;
const LABEL_WIDTH = 84;
/** No character of a label is wider, in px. */
const TICK_CHAR = 7;

interface TimeChartProps {
  choice: Choice;
  runsAt: string;
  appId: string | undefined;
  onChart: (chart: Chart) => void;
}

export function TimeChart({ choice, runsAt, appId, onChart }: TimeChartProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const series = useSeries(choice);
  const name = t(`analytics.charts.${choice.chart}`);
  return (
    <Paper p="md" mb="lg" component="section" aria-label={name}>
      <Group justify="space-between" mb="xs" gap="xs">
        <Select
          size="xs"
          w={230}
          aria-label={t("analytics.chart")}
          data={CHARTS.map((value) => ({ value, label: t(`analytics.charts.${value}`) }))}
          value={choice.chart}
          onChange={(value) => value && onChart(value as Chart)}
          allowDeselect={false}
        />
        <Button size="xs" variant="subtle" color="gray" leftSection={<IconDownload size={14} />} onClick={() => void download(choice, "series")}>
          CSV
        </Button>
      </Group>
      {series.isError && <ErrorState error={series.error} onRetry={() => void series.refetch()} />}
      {series.isPending && <RowsSkeleton rows={1} height={HEIGHT} />}
      {/* What is still shown of another chart has other metrics. */}
      {series.data && <Plot series={series.data} metrics={Object.keys(series.data.points[0]?.values ?? {})} isBars={isBars(choice, series.data)} name={name} onOpen={(runs) => void navigate(`${runsAt}${runsQuery(runs, appId)}`)} />}
    </Paper>
  );
}

const isBars = (choice: Choice, series: Series): boolean => metricsOf(choice.chart).length === 1 && (series.unit === "count" || series.unit === "tokens" || series.unit === "usd");

interface PlotProps {
  series: Series;
  metrics: string[];
  isBars: boolean;
  name: string;
  onOpen: (runs: Record<string, string>) => void;
}

function Plot({ series, metrics, isBars, name, onOpen }: PlotProps) {
  const { t, i18n } = useTranslation();
  const { ref, width } = useElementSize();
  const [at, setAt] = useState<number | null>(null);
  const { points, unit } = series;
  const ticks = ticksTo(Math.max(0, ...points.flatMap((point) => Object.values(point.values).map((value) => value ?? 0))));
  const labels = ticks.map((value) => written(value, unit, i18n.language));
  const left = Math.max(56, 18 + TICK_CHAR * Math.max(...labels.map((label) => label.length)));
  const box: Box = { width: Math.max(width, 280), height: HEIGHT, left, right: 8, top: 10, bottom: 26 };
  const most = ticks.at(-1) ?? 1;
  const columns = columnsOf(points.length, box);
  const height = heightOf(box, most);
  const spotsOf = (metric: string) =>
    points.map((point, index) => {
      const value = point.values[metric] ?? null;
      return value === null ? null : { x: columns[index]?.x ?? 0, y: height(value) };
    });
  const [low = "", middle = "", high = ""] = metrics;
  const shown = at === null ? undefined : points[at];
  const when = (iso: string) => new Date(iso).toLocaleString(i18n.language, series.bucket === "hour" ? { weekday: "short", hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" });
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) setAt(Math.min(points.length - 1, Math.max(0, (at ?? (step > 0 ? -1 : points.length)) + step)));
    if (event.key === "Enter" && shown) onOpen(shown.runs);
  };
  return (
    <figure ref={ref} className={classes.figure}>
      <svg width="100%" height={HEIGHT} viewBox={`0 0 ${box.width} ${HEIGHT}`} role="application" aria-label={t("analytics.chartLabel", { name })} tabIndex={0} onKeyDown={onKey} onPointerLeave={() => setAt(null)} onBlur={() => setAt(null)} className={classes.plot}>
        {ticks.map((value, index) => (
          <g key={value}>
            <line x1={box.left} x2={box.width - box.right} y1={height(value)} y2={height(value)} className={classes.grid} />
            <text x={box.left - 8} y={height(value) + 4} textAnchor="end" className={classes.tick}>
              {labels[index]}
            </text>
          </g>
        ))}
        {labelled(points.length, (box.width - box.left) / LABEL_WIDTH).map((index) => (
          <text key={index} x={columns[index]?.x} y={HEIGHT - 8} textAnchor="middle" className={classes.tick}>
            {when(points[index]?.since ?? "")}
          </text>
        ))}
        {isBars && points.map((point, index) => <Bar key={point.since} value={point.values[low] ?? 0} column={columns[index]} height={height} isAt={at === index} />)}
        {metrics.length === 3 && (
          <>
            <path d={bandOf(spotsOf(middle), spotsOf(high))} className={classes.farBand} />
            <path d={bandOf(spotsOf(low), spotsOf(middle))} className={classes.nearBand} />
          </>
        )}
        {!isBars && metrics.map((metric) => <path key={metric} d={lineOf(spotsOf(metric))} className={metric === low ? classes.line : classes.faintLine} />)}
        {at !== null && <line x1={columns[at]?.x} x2={columns[at]?.x} y1={box.top} y2={HEIGHT - box.bottom} className={classes.guide} />}
        {columns.map(({ left, width: wide }, index) => (
          <rect key={left} x={left} y={0} width={wide} height={HEIGHT} className={classes.column} data-step={index} onPointerEnter={() => setAt(index)} onClick={() => onOpen(points[index]?.runs ?? {})} />
        ))}
      </svg>
      <figcaption className={classes.caption}>
        <Text size="xs" c="dimmed" role="status" className="numbers">
          {shown
            ? `${when(shown.since)} – ${when(shown.until)} · ${metrics.map((metric) => `${metrics.length > 1 ? `${metric.split("_").at(-1)} ` : ""}${written(shown.values[metric], unit, i18n.language)}`).join(" · ")}`
            : t(metrics.length > 1 ? "analytics.bandHint" : "analytics.chartHint")}
        </Text>
      </figcaption>
    </figure>
  );
}

function Bar({ value, column, height, isAt }: { value: number; column: { left: number; width: number } | undefined; height: (value: number) => number; isAt: boolean }) {
  if (!column || value === 0) return null;
  const gap = Math.min(4, column.width * 0.2);
  const top = Math.min(height(value), height(0) - 1);
  return <rect x={column.left + gap / 2} y={top} width={Math.max(0.5, column.width - gap)} height={height(0) - top} rx={Math.min(2, column.width / 4)} className={classes.bar} data-at={isAt || undefined} />;
}
