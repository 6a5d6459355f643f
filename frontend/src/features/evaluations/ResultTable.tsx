/** What the variants scored: each evaluator's mean with its interval, and how sure the difference to the first is. */
import { Badge, Group, Stack, Table, Text, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { OUTCOME_COLORS, percent, signed, type Comparison, type ExperimentDetail, type VariantResult } from "@/shared/evaluations/types";
import { formatCount, formatDuration, formatUsd } from "@/shared/format/numbers";

type Interval = VariantResult["score"];

export function ResultTable({ experiment }: { experiment: ExperimentDetail }) {
  const { t, i18n } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing="sm" aria-label={t("evaluations.results.title")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("evaluations.results.variant")}</Table.Th>
            <Table.Th>{t("evaluations.results.score")}</Table.Th>
            {experiment.evaluators.map((each) => (
              <Table.Th key={each.id}>{each.name}</Table.Th>
            ))}
            <Table.Th>{t("evaluations.results.latency")}</Table.Th>
            <Table.Th>{t("evaluations.results.tokens")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {experiment.results.map((result) => (
            <Table.Tr key={result.index}>
              <Table.Td>
                <Text size="sm" fw={600}>
                  {result.label}
                </Text>
                <Text size="xs" c="dimmed">
                  {[result.failed > 0 && t("evaluations.experiments.failed", { count: result.failed }), result.unscored > 0 && t("evaluations.results.unscored", { count: result.unscored }), result.reviewed > 0 && t("evaluations.results.reviewed", { accepted: result.accepted, reviewed: result.reviewed })]
                    .filter(Boolean)
                    .join(" · ")}
                </Text>
              </Table.Td>
              <Table.Td>
                <Mean interval={result.score} comparison={result.against_first} />
              </Table.Td>
              {result.evaluators.map((each) => (
                <Table.Td key={each.evaluator_id}>
                  <Mean interval={each.mean} comparison={each.against_first} />
                  {each.failures > 0 && (
                    <Tooltip label={each.first_failure} multiline maw={360}>
                      <Text size="xs" c="var(--danger-text)" tabIndex={0}>
                        {t("evaluations.results.failures", { count: each.failures })}
                      </Text>
                    </Tooltip>
                  )}
                </Table.Td>
              ))}
              <Table.Td className="numbers">
                <Text size="sm">{formatDuration(result.elapsed_p50_ms)}</Text>
                <Text size="xs" c="dimmed">
                  {t("evaluations.results.slow", { time: formatDuration(result.elapsed_p95_ms) })}
                </Text>
              </Table.Td>
              <Table.Td className="numbers">
                <Text size="sm">{formatCount(result.tokens, i18n.language)}</Text>
                {Number(result.cost) > 0 && (
                  <Text size="xs" c="dimmed">
                    {formatUsd(result.cost)}
                  </Text>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Mean({ interval, comparison }: { interval: Interval; comparison: Comparison | null }) {
  const { t } = useTranslation();
  if (!interval) return <Text c="dimmed">–</Text>;
  return (
    <Stack gap={2}>
      <Tooltip label={t("evaluations.results.interval", { low: percent(interval.low), high: percent(interval.high), count: interval.count })}>
        <Text size="sm" fw={500} className="numbers" component="span" w="fit-content">
          {percent(interval.mean)}
        </Text>
      </Tooltip>
      {comparison && <Difference comparison={comparison} />}
    </Stack>
  );
}

function Difference({ comparison }: { comparison: Comparison }) {
  const { t } = useTranslation();
  const told = t("evaluations.results.difference", { low: signed(comparison.low), high: signed(comparison.high), p: comparison.p.toFixed(3), better: comparison.better, worse: comparison.worse });
  return (
    <Group gap={6} wrap="nowrap">
      <Tooltip label={told} multiline maw={360}>
        <Badge color={OUTCOME_COLORS[comparison.outcome]} variant="light" size="sm" tabIndex={0}>
          {`${signed(comparison.difference)} · ${t(`evaluations.results.outcomes.${comparison.outcome}`)}`}
        </Badge>
      </Tooltip>
    </Group>
  );
}
