/** Whether annotations answer, from which likeness on, and the model that measures it. */
import { Alert, Button, Group, Paper, Progress, Select, Slider, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useModels } from "@/shared/api/queries";
import { useMay } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { SavedSwitch } from "@/shared/ui/SavedSwitch";
import { isMoving, useChange, type AnnotationSettings } from "./queries";

const STEP = 0.01;

export function Settings({ appId, settings }: { appId: string; settings: AnnotationSettings }) {
  const { t } = useTranslation();
  const may = useMay();
  const models = useModels();
  const change = useChange(appId);
  const [dragged, setDragged] = useState<number | null>(null);
  const threshold = dragged ?? settings.threshold;
  const model = (isMoving(settings.job) ? settings.job?.model : null) ?? settings.embedding_model;
  const options = (models.data ?? []).filter((each) => each.kind === "embedding").map((each) => ({ value: each.id, label: each.name }));
  if (model && !options.some((option) => option.value === model)) options.push({ value: model, label: model });
  return (
    <Paper p="md">
      <Stack gap="md">
        <SavedSwitch label={t("annotations.on")} description={t("annotations.onHint")} stored={settings.is_on} disabled={!may.edit} save={(is_on) => change.mutateAsync({ is_on })} />
        <div>
          <Group justify="space-between">
            <Text size="sm" fw={500} id="annotation-threshold">
              {t("annotations.threshold")}
            </Text>
            <Text size="sm" className="numbers">
              {threshold.toFixed(2)}
            </Text>
          </Group>
          <Slider
            mt={6}
            min={0}
            max={1}
            step={STEP}
            label={null}
            disabled={!may.edit}
            value={threshold}
            thumbProps={{ "aria-labelledby": "annotation-threshold" }}
            onChange={setDragged}
            onChangeEnd={(value) => {
              const rounded = Math.round(value / STEP) * STEP;
              change.mutate({ threshold: Number(rounded.toFixed(2)) }, { onSettled: () => setDragged(null) });
            }}
          />
          <Text size="xs" c="dimmed" mt={6}>
            {t("annotations.thresholdHint")}
          </Text>
        </div>
        <Select label={t("annotations.model")} placeholder={t("annotations.modelNone")} data={options} value={model || null} disabled={!may.edit} allowDeselect={false} searchable={options.length > 8} onChange={(id) => id && id !== model && change.mutate({ embedding_model: id })} />
        <Job appId={appId} settings={settings} />
      </Stack>
    </Paper>
  );
}

function Job({ appId, settings }: { appId: string; settings: AnnotationSettings }) {
  const { t, i18n } = useTranslation();
  const change = useChange(appId);
  const { job } = settings;
  if (!job) return null;
  if (!isMoving(job)) {
    return (
      <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t("annotations.jobFailed")}>
        <Stack gap="xs" align="flex-start">
          <Text size="sm">{job.error}</Text>
          <Button size="xs" variant="default" loading={change.isPending} onClick={() => change.mutate({ embedding_model: job.model })}>
            {t("common.retry")}
          </Button>
        </Stack>
      </Alert>
    );
  }
  const counts = { done: formatCount(job.done, i18n.language), total: formatCount(job.total, i18n.language) };
  return (
    <div role="status">
      <Text size="xs" c="dimmed" mb={4}>
        {t("annotations.embedding", counts)}
        {job.error && ` · ${job.error}`}
      </Text>
      <Progress size={4} value={job.total ? (100 * job.done) / job.total : 0} animated aria-label={t("annotations.embedding", counts)} />
    </div>
  );
}
