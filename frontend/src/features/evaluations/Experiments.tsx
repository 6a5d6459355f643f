/** Experiments in a list: what was tried, on what, how far it is. */
import { Badge, Group, Paper, Progress, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import type { Experiment } from "@/shared/evaluations/types";
import { formatCount } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { doneOf } from "./experimentModel";
import { useExperiments } from "./queries";

const COLORS: Record<Experiment["status"], string> = { running: "yellow", finished: "accent", stopped: "red", cancelled: "gray" };

export function ExperimentStatus({ status }: { status: Experiment["status"] }) {
  const { t } = useTranslation();
  return (
    <Badge color={COLORS[status]} variant="light">
      {t(`evaluations.experiments.states.${status}`)}
    </Badge>
  );
}

export function Experiments({ appId, setId }: { appId?: string; setId?: string }) {
  const { t } = useTranslation();
  const experiments = useExperiments({ app: appId, set: setId });
  return (
    <Loaded query={experiments}>
      {(list) =>
        list.length === 0 ? (
          <EmptyState icon={IconFlask} title={t("evaluations.experiments.emptyTitle")} text={t("evaluations.experiments.emptyText")} />
        ) : (
          <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={t("evaluations.sections.experiments")}>
            {list.map((each) => (
              <li key={each.id}>
                <Card experiment={each} showsApp={!appId} />
              </li>
            ))}
          </Stack>
        )
      }
    </Loaded>
  );
}

function Card({ experiment, showsApp }: { experiment: Experiment; showsApp: boolean }) {
  const { t, i18n } = useTranslation();
  const route = useRoute();
  const done = doneOf(experiment);
  return (
    <UnstyledButton component={Link} to={route(`evaluations/experiments/${experiment.id}`)} display="block">
      <Paper p="md" withBorder>
        <Group justify="space-between" gap="xs">
          <Stack gap={2} flex={1} miw={200}>
            <Text fw={600} lineClamp={1}>
              {experiment.name}
            </Text>
            <Text size="xs" c="dimmed">
              {[showsApp && experiment.app.name, experiment.test_set?.name, experiment.labels.join(" · ")].filter(Boolean).join(" · ")} · <RelativeTime at={experiment.created_at} />
            </Text>
          </Stack>
          <Text size="sm" c="dimmed" className="numbers">
            {t("evaluations.experiments.done", { done: formatCount(done, i18n.language), total: formatCount(experiment.progress.total, i18n.language) })}
          </Text>
          <ExperimentStatus status={experiment.status} />
        </Group>
        {!experiment.finished_at && <Progress mt="xs" size={4} value={(100 * done) / Math.max(1, experiment.progress.total)} aria-label={t("evaluations.experiments.progress")} />}
      </Paper>
    </UnstyledButton>
  );
}
