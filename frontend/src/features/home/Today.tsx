/** The runs of today in four numbers, each of which leads to the runs behind it. */
import { Card, SimpleGrid, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { formatCount, formatUsd } from "@/shared/format/numbers";
import type { Overview } from "./overview";

export function Today({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const figures = [
    { name: "runs", value: formatCount(overview.runs), path: "runs" },
    { name: "failed", value: formatCount(overview.failed), path: "runs?status=failed", color: overview.failed > 0 ? "var(--danger-text)" : undefined },
    { name: "waiting", value: formatCount(overview.waiting), path: "runs?status=paused", color: overview.waiting > 0 ? "var(--warning-text)" : undefined },
    { name: "tokens", value: formatCount(overview.tokens), path: "runs", note: Number(overview.cost) > 0 ? formatUsd(overview.cost) : undefined },
  ] as const;
  return (
    <section aria-label={t("home.today")}>
      <Title order={2} mb="sm">
        {t("home.today")}
      </Title>
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        {figures.map((figure) => (
          <Figure key={figure.name} {...figure} />
        ))}
      </SimpleGrid>
    </section>
  );
}

interface FigureProps {
  name: "runs" | "failed" | "waiting" | "tokens";
  value: string;
  path: string;
  color?: string;
  note?: string;
}

function Figure({ name, value, path, color, note }: FigureProps) {
  const { t } = useTranslation();
  const route = useRoute();
  return (
    <Card component={Link} to={route(path)} p="md" className="card-link">
      <Text size="sm" c="dimmed">
        {t(`home.figures.${name}`)}
      </Text>
      <Text fz={24} fw={600} lh={1.3} className="numbers" c={color}>
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {note ?? t(`home.figureHints.${name}`)}
      </Text>
    </Card>
  );
}
