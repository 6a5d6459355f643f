/** Six numbers with their course and the change against the period before; each leads to its runs and to its chart. */
import { Anchor, Group, Paper, SimpleGrid, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import classes from "./analytics.module.css";
import { changeOf, lineOf } from "./chartModel";
import { type Chart, runsQuery } from "./choice";
import { written, writtenChange } from "./numbers";
import type { Total } from "./queries";

/** Which number opens which chart. */
const TILES: [metric: string, chart: Chart][] = [
  ["runs", "runs"],
  ["users", "users"],
  ["tokens", "tokens"],
  ["cost", "cost"],
  ["error_rate", "error_rate"],
  ["time_p95", "time"],
];
const SPARK = { width: 100, height: 28 };
/** Where less is better. */
const BURDENS = new Set(["error_rate", "time_p95"]);

interface NumbersProps {
  totals: Total[];
  runsAt: string;
  appId: string | undefined;
  chart: Chart;
  onChart: (chart: Chart) => void;
}

export function Numbers({ totals, runsAt, appId, chart, onChart }: NumbersProps) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="sm" mb="lg">
      {TILES.map(([metric, opens]) => {
        const total = totals.find((each) => each.metric === metric);
        return total && <Tile key={metric} total={total} to={`${runsAt}${runsQuery(total.runs, appId)}`} isShown={chart === opens} onShow={() => onChart(opens)} />;
      })}
    </SimpleGrid>
  );
}

function Tile({ total, to, isShown, onShow }: { total: Total; to: string; isShown: boolean; onShow: () => void }) {
  const { t, i18n } = useTranslation();
  const name = t(`analytics.metrics.${total.metric as "runs"}`);
  const change = changeOf(total.value, total.previous);
  const mood = change !== null && BURDENS.has(total.metric) && Math.abs(change) >= 0.005 ? (change > 0 ? "red" : "accent") : "dimmed";
  const isAbout = !total.is_exact && total.unit === "count";
  const value = `${isAbout ? "≈ " : ""}${written(total.value, total.unit, i18n.language)}`;
  return (
    <Paper className={classes.tile} data-shown={isShown || undefined}>
      <Text size="xs" c="dimmed" lineClamp={1} component="h2" fw={400}>
        {name}
      </Text>
      <Group justify="space-between" align="baseline" gap={4} wrap="nowrap">
        <Anchor component={Link} to={to} className={classes.value} aria-label={t("analytics.runsBehind", { name, value })}>
          {value}
        </Anchor>
        <Tooltip label={t("analytics.before", { value: written(total.previous, total.unit, i18n.language) })}>
          <Text size="xs" c={mood} className="numbers">
            {change === null ? "–" : writtenChange(change, i18n.language)}
          </Text>
        </Tooltip>
      </Group>
      <UnstyledButton onClick={onShow} className={classes.spark} aria-label={t("analytics.showChart", { name })} aria-pressed={isShown}>
        <Sparkline points={total.points} />
      </UnstyledButton>
    </Paper>
  );
}

function Sparkline({ points }: { points: (number | null)[] }) {
  const most = Math.max(0, ...points.map((value) => value ?? 0));
  const step = SPARK.width / Math.max(1, points.length - 1);
  const spots = points.map((value, index) => (value === null ? null : { x: index * step, y: SPARK.height - 2 - (most > 0 ? (value / most) * (SPARK.height - 4) : 0) }));
  return (
    <svg viewBox={`0 0 ${SPARK.width} ${SPARK.height}`} preserveAspectRatio="none" width="100%" height={SPARK.height} aria-hidden>
      <path d={lineOf(spots)} className={classes.line} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
