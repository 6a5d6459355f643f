/** Where a draft stands before its app's gate: why it is closed, which cases fell, and the experiment to run. */
import { Alert, Anchor, Button, Group, List, Stack, Text } from "@mantine/core";
import { IconGauge, IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useMay, useRoute } from "@/shared/api/workspace";
import { useGateRun } from "./queries";
import { percent, type Gate } from "./types";

const CAN_RUN = new Set(["missing", "incomplete", "worse", "few_cases"]);
const SHOWN = 5;

interface GateStandingProps {
  appId: string;
  gate: Gate;
  /** What must be done before an experiment takes the draft: saving it. */
  before?: () => Promise<unknown>;
}

export function GateStanding({ appId, gate, before }: GateStandingProps) {
  const { t } = useTranslation();
  const route = useRoute();
  const may = useMay();
  const run = useGateRun(appId);
  const { standing } = gate;
  if (standing.state === "off") return null;
  const color = standing.is_open ? "accent" : standing.state === "running" ? "yellow" : "red";
  const Icon = standing.is_open ? IconShieldCheck : standing.state === "running" ? IconGauge : IconShieldX;
  return (
    <Alert variant="light" color={color} icon={<Icon size={18} />} title={t(`evaluations.gate.states.${standing.state}`)} role={standing.is_open ? "status" : "alert"}>
      <Stack gap="xs" align="flex-start">
        {standing.reason && <Text size="sm">{standing.reason}</Text>}
        {standing.fallen.length > 0 && (
          <List size="sm" aria-label={t("evaluations.gate.fallen")}>
            {standing.fallen.slice(0, SHOWN).map((item) => (
              <List.Item key={item.number}>
                <Text size="sm" lineClamp={1}>
                  {t("evaluations.gate.fell", { query: item.query, before: percent(item.before), after: percent(item.after) })}
                </Text>
              </List.Item>
            ))}
          </List>
        )}
        <Group gap="sm">
          {may.edit && CAN_RUN.has(standing.state) && (
            <Button size="xs" variant="default" loading={run.isPending} onClick={() => void (before?.() ?? Promise.resolve()).then(() => run.mutate())}>
              {t("evaluations.gate.run")}
            </Button>
          )}
          {standing.experiment_id && (
            <Anchor component={Link} size="sm" to={route(`evaluations/experiments/${standing.experiment_id}`)}>
              {t("evaluations.gate.open")}
            </Anchor>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}
