/** Before the start: which version runs, which column gives which input, and the first rows. */
import { Alert, Badge, Button, Group, NumberInput, Paper, Select, Stack, Table, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Page, Version } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import type { BatchDetail } from "./batchModel";
import classes from "./batches.module.css";
import { useBatchAction, useBatchChange } from "./queries";

const DRAFT = "draft";
const FILES = ["file", "file-list"];

export function Setup({ appId, batch }: { appId: string; batch: BatchDetail }) {
  const { t } = useTranslation();
  const may = useMay();
  const change = useBatchChange(appId, batch.id);
  const action = useBatchAction(appId, batch.id);
  const versions = useQuery({
    queryKey: ["versions", appId],
    queryFn: () => api.get<Page<Version>>(`/apps/${appId}/versions`, { limit: 100 }),
    select: (page) => page.results,
  });
  const numbers = new Set([...(batch.app_version === null ? [] : [batch.app_version]), ...(versions.data ?? []).map((version) => version.number)]);
  const choices = [...numbers].sort((a, b) => b - a).map((number) => ({ value: String(number), label: t("batches.version", { number }) }));
  const missing = batch.missing_inputs;
  return (
    <Stack gap="lg">
      <Group gap="md" align="flex-end">
        <Select
          label={t("batches.what")}
          w={220}
          disabled={!may.edit}
          data={[...choices, { value: DRAFT, label: t("batches.draft") }]}
          value={batch.app_version === null ? DRAFT : String(batch.app_version)}
          onChange={(value) => value && change.mutate({ app_version: value === DRAFT ? null : Number(value) })}
          allowDeselect={false}
        />
        <NumberInput
          label={t("batches.atOnce")}
          w={140}
          min={1}
          max={8}
          clampBehavior="strict"
          allowDecimal={false}
          disabled={!may.edit}
          value={batch.at_once}
          onChange={(value) => Number(value) >= 1 && Number(value) !== batch.at_once && change.mutate({ at_once: Number(value) })}
        />
        {may.edit && (
          <Button leftSection={<IconPlayerPlay size={16} />} ml="auto" onClick={() => action.mutate("start")} loading={action.isPending} disabled={missing.length > 0 || change.isPending}>
            {t("batches.start", { count: batch.progress.total })}
          </Button>
        )}
      </Group>
      {missing.length > 0 && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} role="alert" title={t("batches.missingTitle", { names: missing.join(", ") })}>
          {t("batches.missingText")}
        </Alert>
      )}
      <Mapping batch={batch} disabled={!may.edit} onChange={(mapping) => change.mutate({ mapping })} />
      <Preview batch={batch} />
    </Stack>
  );
}

function Mapping({ batch, disabled, onChange }: { batch: BatchDetail; disabled: boolean; onChange: (mapping: Record<string, string>) => void }) {
  const { t } = useTranslation();
  const map = (name: string, column: string | null) => {
    const rest = Object.fromEntries(Object.entries(batch.mapping).filter(([key]) => key !== name));
    onChange(column ? { ...rest, [name]: column } : rest);
  };
  return (
    <Stack gap="xs">
      <Title order={2}>{t("batches.mapping")}</Title>
      {batch.inputs.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("batches.noInputs")}
        </Text>
      )}
      {batch.inputs.map((input) => {
        const isMissing = batch.missing_inputs.includes(input.name);
        return (
          <Group key={input.name} gap="sm" className={classes.mapped}>
            <Stack gap={0} flex={1} miw={140}>
              <Group gap={6}>
                <Text size="sm" fw={500} ff="monospace">
                  {input.name}
                </Text>
                {input.required && (
                  <Badge size="xs" color={isMissing ? "yellow" : "gray"}>
                    {t("batches.required")}
                  </Badge>
                )}
              </Group>
              {input.label && input.label !== input.name && (
                <Text size="xs" c="dimmed">
                  {input.label}
                </Text>
              )}
            </Stack>
            <Select
              w={{ base: "100%", xs: 260 }}
              aria-label={t("batches.columnFor", { name: input.name })}
              placeholder={t(FILES.includes(input.type) ? "batches.noFiles" : "batches.noColumn")}
              data={batch.columns}
              value={batch.mapping[input.name] ?? null}
              onChange={(column) => map(input.name, column)}
              error={isMissing}
              disabled={disabled || FILES.includes(input.type)}
              clearable
              searchable={batch.columns.length > 8}
            />
          </Group>
        );
      })}
      {batch.unknown_columns.length > 0 && (
        <Text size="sm" c="dimmed">
          {t("batches.carried", { names: batch.unknown_columns.join(", "), skipOnVariables: true })}
        </Text>
      )}
    </Stack>
  );
}

function Preview({ batch }: { batch: BatchDetail }) {
  const { t, i18n } = useTranslation();
  const used = new Set(Object.values(batch.mapping));
  return (
    <Stack gap="xs">
      <Title order={2}>{t("batches.preview")}</Title>
      <Paper>
        <Table.ScrollContainer minWidth={480} scrollAreaProps={{ type: "auto" }}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                {batch.columns.map((column) => (
                  <Table.Th key={column} c={used.has(column) ? undefined : "dimmed"}>
                    {column}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {batch.preview.map((cells, row) => (
                <Table.Tr key={row}>
                  {cells.map((cell, at) => (
                    <Table.Td key={batch.columns[at]} maw={280} c={used.has(batch.columns[at] ?? "") ? undefined : "dimmed"}>
                      <Text size="sm" lineClamp={2}>
                        {cell}
                      </Text>
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
      {batch.progress.total > batch.preview.length && (
        <Text size="xs" c="dimmed">
          {t("batches.moreRows", { rows: formatCount(batch.progress.total - batch.preview.length, i18n.language) })}
        </Text>
      )}
    </Stack>
  );
}
