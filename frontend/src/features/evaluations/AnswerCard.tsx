/** What one variant answered: the text, each evaluator's verdict, what it took, and what a person says of it. */
import { Anchor, Badge, Group, Skeleton, Stack, Text, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { percent, signed, type ExperimentDetail, type ExperimentRow, type Score } from "@/shared/evaluations/types";
import { formatCount, formatDuration } from "@/shared/format/numbers";
import { isReviewable } from "./experimentModel";
import { ReviewButtons } from "./ReviewButtons";
import classes from "./evaluations.module.css";

interface AnswerCardProps {
  experiment: ExperimentDetail;
  label: string;
  row: ExperimentRow | undefined;
  /** The first variant's row, which this one is compared with. */
  first?: ExperimentRow;
}

export function AnswerCard({ experiment, label, row, first }: AnswerCardProps) {
  const { t, i18n } = useTranslation();
  const route = useRoute();
  if (!row) return null;
  const isOpen = row.status === "pending" || row.status === "running" || row.status === "scoring";
  const difference = first && row.score !== null && first.score !== null ? row.score - first.score : 0;
  const spent = [row.elapsed_ms !== null && formatDuration(row.elapsed_ms), t("evaluations.experiments.tokens", { tokens: formatCount(row.prompt_tokens + row.completion_tokens, i18n.language) })].filter(Boolean);
  return (
    <Stack gap="xs" className={classes.answer} role="group" aria-label={label} data-outcome={difference < 0 ? "worse" : difference > 0 ? "better" : undefined}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="sm" fw={600} lineClamp={1}>
          {label}
        </Text>
        <Text size="sm" className="numbers" c={difference < 0 ? "var(--danger-text)" : undefined}>
          {percent(row.score)}
          {difference !== 0 && ` (${signed(difference)})`}
        </Text>
      </Group>
      {isOpen ? (
        <Skeleton height={14} width="70%" aria-label={t(`evaluations.rowStates.${row.status}`)} />
      ) : row.error ? (
        <Text size="sm" c="var(--danger-text)">
          {row.error.message || t(`evaluations.rowStates.${row.status}`)}
        </Text>
      ) : (
        <Text size="sm" className={classes.text} lineClamp={12}>
          {row.answer || t(`evaluations.rowStates.${row.status}`)}
        </Text>
      )}
      {row.scores.length > 0 && (
        <Group gap={6}>
          {row.scores.map((score) => (
            <Verdict key={score.evaluator_id} score={score} />
          ))}
        </Group>
      )}
      <Group justify="space-between" gap="xs" mt="auto">
        <Text size="xs" c="dimmed" className="numbers">
          {!isOpen && spent.join(" · ")}{" "}
          {row.run_id && (
            <Anchor component={Link} to={route(`runs/${row.run_id}`)} size="xs">
              {t("evaluations.cases.run")}
            </Anchor>
          )}
        </Text>
        {isReviewable(row) && <ReviewButtons experimentId={experiment.id} row={row} />}
      </Group>
    </Stack>
  );
}

function Verdict({ score }: { score: Score }) {
  const { t } = useTranslation();
  const color = score.status !== "scored" ? (score.status === "failed" ? "yellow" : "gray") : score.passed ? "accent" : "red";
  const said = score.status === "scored" ? percent(score.value) : t(`evaluations.scoreStates.${score.status}`);
  return (
    <Tooltip label={score.reason} multiline maw={360} disabled={!score.reason}>
      <Badge variant="light" color={color} size="sm" tabIndex={score.reason ? 0 : undefined}>
        {`${score.name}: ${said}`}
      </Badge>
    </Tooltip>
  );
}
