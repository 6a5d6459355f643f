/** What to make of which model, with an estimate before it starts. */
import { Alert, Button, Checkbox, FileButton, Group, Paper, Select, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconFileText } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatBytes } from "@/shared/format/numbers";
import { notifyError } from "@/shared/ui/notify";
import { ErrorState } from "@/shared/ui/states";
import { FOLDER_TYPES, TYPES, USUAL_TYPES, oneSort, useEstimate, useSources, useStart, type Quantization } from "./quantizations";
import classes from "./quantize.module.css";

export function QuantizeForm({ onStarted }: { onStarted: (job: Quantization) => void }) {
  const { t } = useTranslation();
  const sources = useSources();
  const [chosen, setChosen] = useState<string | null>(null);
  const [types, setTypes] = useState<string[]>(USUAL_TYPES);
  const [calibrated, setCalibrated] = useState(true);
  const [text, setText] = useState<{ name: string; content: string } | null>(null);
  const start = useStart(onStarted);
  const model = chosen ?? sources.data?.[0]?.id ?? null;
  const estimate = useEstimate(model, types);
  const needs = types.length > 0 ? estimate.data : undefined;
  const short = needs !== undefined && (needs.disk_bytes > needs.free_disk_bytes || needs.memory_bytes > needs.free_memory_bytes);
  const read = (file: File | null) => {
    if (file) file.text().then((content) => setText({ name: file.name, content }), notifyError);
  };
  return (
    <Paper p="lg" component="section" aria-label={t("quantize.new")}>
      <Stack gap="md">
        <Select
          label={t("quantize.model")}
          description={t("quantize.modelHint")}
          data={(sources.data ?? []).map(({ id, quantization }) => ({ value: id, label: quantization ? `${id} · ${quantization}` : id }))}
          value={model}
          onChange={setChosen}
          allowDeselect={false}
          maw={460}
        />
        <Checkbox.Group label={t("quantize.types")} description={t("quantize.typesHint")} value={types} onChange={(ticked) => setTypes(oneSort(types, ticked))}>
          <SimpleGrid cols={{ base: 2, sm: 4, lg: 6 }} mt="xs" spacing="xs">
            {TYPES.map((type) => (
              <Checkbox key={type} value={type} label={type} description={needs?.sizes[type] ? t("quantize.about", { size: formatBytes(needs.sizes[type]) }) : undefined} className={classes.type} />
            ))}
          </SimpleGrid>
          <Text size="xs" c="dimmed" mt="md">
            {t("quantize.folderTypesHint")}
          </Text>
          <SimpleGrid cols={{ base: 2, sm: 4, lg: 6 }} mt="xs" spacing="xs">
            {FOLDER_TYPES.map((type) => (
              <Checkbox key={type} value={type} label={type} description={needs?.sizes[type] ? t("quantize.about", { size: formatBytes(needs.sizes[type]) }) : undefined} className={classes.type} />
            ))}
          </SimpleGrid>
        </Checkbox.Group>
        <div>
          <Checkbox checked={calibrated} onChange={(event) => setCalibrated(event.currentTarget.checked)} label={t("quantize.calibrate")} description={t("quantize.calibrateHint")} />
          {calibrated && (
            <Group gap="xs" mt="xs" ml={30}>
              <FileButton accept="text/*,.md,.txt" onChange={read}>
                {(props) => (
                  <Button {...props} size="xs" variant="default" leftSection={<IconFileText size={14} />}>
                    {text?.name ?? t("quantize.ownText")}
                  </Button>
                )}
              </FileButton>
              {text && (
                <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setText(null)}>
                  {t("quantize.platformText")}
                </Button>
              )}
            </Group>
          )}
        </div>
        {estimate.isError && types.length > 0 && <ErrorState error={estimate.error} />}
        {needs && (
          <Text size="sm" c="dimmed" className="numbers">
            {t("quantize.needs", { disk: formatBytes(needs.disk_bytes), freeDisk: formatBytes(needs.free_disk_bytes), memory: formatBytes(needs.memory_bytes), freeMemory: formatBytes(needs.free_memory_bytes) })}
          </Text>
        )}
        {short && (
          <Alert color="yellow" variant="light">
            {t("quantize.short")}
          </Alert>
        )}
        {start.isError && <ErrorState error={start.error} />}
        <Group justify="flex-end">
          <Button loading={start.isPending} disabled={!model || types.length === 0 || short} onClick={() => model && start.mutate({ model, types, calibration: calibrated ? (text?.content ?? "") : "", is_calibrated: calibrated })}>
            {t("quantize.start")}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
