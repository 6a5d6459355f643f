/** What the node did: in the run that is shown, each round for itself; else the last time that it ran in the draft. */
import { Button, Group, Select, Stack, Text } from "@mantine/core";
import { IconPin, IconPinnedOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { RunNode } from "@/shared/api/runTypes";
import { RelativeTime } from "@/shared/ui/bits";
import { Loaded } from "@/shared/ui/states";
import type { GraphNode } from "../graph/model";
import { useRunState } from "../run/RunContext";
import type { Step } from "../run/runModel";
import { storedStep } from "../run/storedStep";
import { StepDetail } from "../run/StepDetail";
import { useBuilder, useBuilderApp } from "../store/BuilderContext";
import { JsonField } from "./modelFields";
import { asObject } from "./field";

const NO_STEPS: ReadonlyMap<string, Step> = new Map();

interface StoredRun {
  run_id: string | null;
  created_at: string | null;
  node: RunNode | null;
}

export function LastRun({ node }: { node: GraphNode }) {
  const { t } = useTranslation();
  const all = useRunState((state) => state.run?.steps ?? NO_STEPS);
  const [path, setPath] = useState<string | null>(null);
  const steps = [...all.values()].filter((step) => step.nodeId === node.id);
  const step = steps.find((each) => each.path === path) ?? steps.at(-1);
  return (
    <Stack gap="md">
      {steps.length > 1 && <Select size="xs" label={t("workflow.run.round")} data={steps.map((each) => ({ value: each.path, label: each.path }))} value={step?.path ?? null} allowDeselect={false} onChange={setPath} />}
      {step ? <StepDetail step={step} /> : <Stored node={node} />}
      <Mock node={node} step={step} />
    </Stack>
  );
}

function Stored({ node }: { node: GraphNode }) {
  const { t } = useTranslation();
  const app = useBuilderApp();
  const last = useQuery({
    queryKey: ["last-run", app.id, node.id],
    queryFn: () => api.get<StoredRun>(`/apps/${app.id}/draft/nodes/${encodeURIComponent(node.id)}/last-run`),
  });
  return (
    <Loaded query={last}>
      {(found) =>
        found.node ? (
          <Stack gap="xs">
            {found.created_at && (
              <Text size="xs" c="dimmed">
                <RelativeTime at={found.created_at} />
              </Text>
            )}
            <StepDetail step={storedStep(found.node)} />
          </Stack>
        ) : (
          <Text size="sm" c="dimmed">
            {t("workflow.run.notYet")}
          </Text>
        )
      }
    </Loaded>
  );
}

/** Outputs that stand for the node in the next runs, so that what comes after it can be tried without it. */
function Mock({ node, step }: { node: GraphNode; step: Step | undefined }) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const mocked = useRunState((state) => state.mocks[node.id]);
  const mock = useRunState((state) => state.mock);
  if (!editable) return null;
  if (!mocked) {
    return (
      <Group>
        <Button size="xs" variant="default" leftSection={<IconPin size={14} />} onClick={() => mock(node.id, asObject(step?.outputs ?? {}))}>
          {t("workflow.run.mock")}
        </Button>
      </Group>
    );
  }
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {t("workflow.run.mockHint")}
      </Text>
      <JsonField label={t("workflow.run.mockedOutputs")} value={mocked} onChange={(outputs) => mock(node.id, outputs)} />
      <Group>
        <Button size="xs" variant="default" leftSection={<IconPinnedOff size={14} />} onClick={() => mock(node.id, null)}>
          {t("workflow.run.unmock")}
        </Button>
      </Group>
    </Stack>
  );
}
