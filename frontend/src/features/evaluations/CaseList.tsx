/** The cases of an experiment, every variant side by side; narrowed to what fell, fails or waits for a person. */
import { Button, Group, Paper, SegmentedControl, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useMay } from "@/shared/api/workspace";
import type { ExperimentDetail, ExperimentRow } from "@/shared/evaluations/types";
import { AnswerCard } from "./AnswerCard";
import { asked, casesOf, isFailing, seen, VIEWS, type CaseRows, type View } from "./experimentModel";
import { ImprovePrompt } from "./ImprovePrompt";

const PAGE = 30;

export function CaseList({ experiment, rows }: { experiment: ExperimentDetail; rows: ExperimentRow[] }) {
  const { t } = useTranslation();
  const may = useMay();
  const [search, setSearch] = useSearchParams();
  const [shown, setShown] = useState(PAGE);
  const [improving, setImproving] = useState(false);
  const view: View = VIEWS.find((each) => each === search.get("show")) ?? "all";
  const cases = casesOf(rows, experiment.variants.length);
  const found = seen(cases, view);
  const canImprove = may.edit && experiment.finished_at !== null && cases.some(isFailing) && experiment.variants.some((variant) => typeof variant.config.prompt === "string");
  return (
    <Stack component="section" aria-label={t("evaluations.cases.title")}>
      <Group justify="space-between" gap="sm">
        <SegmentedControl
          size="xs"
          aria-label={t("evaluations.views.label")}
          data={VIEWS.map((each) => ({ value: each, label: `${t(`evaluations.views.${each}`)} (${seen(cases, each).length})` }))}
          value={view}
          onChange={(next) => setSearch(next === "all" ? {} : { show: next }, { replace: true })}
        />
        {canImprove && (
          <Button size="xs" variant="default" leftSection={<IconSparkles size={14} />} onClick={() => setImproving(true)}>
            {t("evaluations.improve.button")}
          </Button>
        )}
      </Group>
      {found.length === 0 && <Text c="dimmed">{t("evaluations.views.none")}</Text>}
      {found.slice(0, shown).map((each) => (
        <CaseCard key={each.number} experiment={experiment} each={each} />
      ))}
      {found.length > shown && (
        <Button variant="default" onClick={() => setShown(shown + PAGE)} w="fit-content" mx="auto">
          {t("common.loadMore")}
        </Button>
      )}
      {canImprove && <ImprovePrompt experiment={experiment} cases={cases} opened={improving} onClose={() => setImproving(false)} />}
    </Stack>
  );
}

function CaseCard({ experiment, each }: { experiment: ExperimentDetail; each: CaseRows }) {
  const { t } = useTranslation();
  return (
    <Paper withBorder p="md" component="article" aria-label={t("evaluations.cases.nth", { number: each.number })}>
      <Stack gap="sm">
        <div>
          <Text size="xs" c="dimmed">
            {t("evaluations.cases.nth", { number: each.number })}
          </Text>
          <Text fw={500} style={{ overflowWrap: "anywhere" }} lineClamp={4}>
            {asked(each.content)}
          </Text>
          {each.content.expected && (
            <Text size="sm" c="dimmed" lineClamp={4}>
              {t("evaluations.cases.expects", { text: each.content.expected })}
            </Text>
          )}
        </div>
        <SimpleGrid cols={{ base: 1, sm: Math.min(2, each.rows.length), lg: Math.min(3, each.rows.length) }} spacing="sm">
          {each.rows.map((row, variant) => (
            <AnswerCard key={variant} experiment={experiment} label={experiment.variants[variant]?.label ?? ""} row={row} first={variant === 0 ? undefined : each.rows[0]} />
          ))}
        </SimpleGrid>
      </Stack>
    </Paper>
  );
}
