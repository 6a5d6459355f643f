/** A provider with its models, prices and a button that tries it. */
import { Badge, Box, Button, Group, Paper, Stack, Table, Text } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Provider, ProviderTest } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { formatCount, formatUsd } from "@/shared/format/numbers";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { TestResult } from "./TestResult";

export function ProviderCard({ provider, onEdit }: { provider: Provider; onEdit: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const [deleting, setDeleting] = useState(false);
  const test = useMutation({ mutationFn: () => api.post<ProviderTest>(`/providers/${provider.id}/test`), onError: notifyError });
  const remove = useMutation({
    mutationFn: () => api.delete(`/providers/${provider.id}`),
    onSuccess: async () => {
      setDeleting(false);
      notifyDone(t("models.deleted", { name: provider.name }));
      await client.invalidateQueries({ queryKey: ["providers"] });
      await client.invalidateQueries({ queryKey: ["models"] });
    },
    onError: notifyError,
  });
  return (
    <Paper p="md">
      <Stack gap="sm">
        <Group justify="space-between">
          <Stack gap={0} miw={0}>
            <Group gap="xs">
              <Text fw={600}>{provider.name}</Text>
              {provider.has_key && <Badge color="gray">{t("models.hasKey")}</Badge>}
            </Group>
            <Text className="mono" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {provider.base_url}
            </Text>
          </Stack>
          {may.administer && (
            <Group gap="xs">
              <Button size="xs" variant="default" leftSection={<IconPlugConnected size={14} />} loading={test.isPending} onClick={() => test.mutate()}>
                {t("models.test")}
              </Button>
              <Button size="xs" variant="default" onClick={onEdit}>
                {t("common.edit")}
              </Button>
              <Button size="xs" variant="subtle" color="red" onClick={() => setDeleting(true)}>
                {t("common.delete")}
              </Button>
            </Group>
          )}
        </Group>
        {test.data && <TestResult result={test.data} />}
        {provider.models.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("models.noModels")}
          </Text>
        ) : (
          <>
            <Box visibleFrom="sm">
              <ModelTable provider={provider} />
            </Box>
            <Box hiddenFrom="sm">
              <ModelCards provider={provider} />
            </Box>
          </>
        )}
      </Stack>
      <ConfirmDelete opened={deleting} title={t("models.deleteQuestion", { name: provider.name })} busy={remove.isPending} onConfirm={() => remove.mutate()} onClose={() => setDeleting(false)}>
        {t("models.deleteText", { count: provider.models.length })}
      </ConfirmDelete>
    </Paper>
  );
}

function ModelTable({ provider }: { provider: Provider }) {
  const { t } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={640}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("models.model")}</Table.Th>
            <Table.Th>{t("models.kind")}</Table.Th>
            <Table.Th ta="right">{t("models.contextTokens")}</Table.Th>
            <Table.Th ta="right">{t("models.inputPrice")}</Table.Th>
            <Table.Th ta="right">{t("models.outputPrice")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {provider.models.map((model) => (
            <Table.Tr key={`${model.kind}-${model.name}`}>
              <Table.Td className="mono" style={{ overflowWrap: "anywhere" }}>{model.name}</Table.Td>
              <Table.Td>{t(`models.kinds.${model.kind}`)}</Table.Td>
              <Table.Td ta="right">{formatCount(model.context_tokens)}</Table.Td>
              <Table.Td ta="right">{formatUsd(model.input_price)}</Table.Td>
              <Table.Td ta="right">{formatUsd(model.output_price)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** The same on a narrow screen: a model stands above what it has, by name. */
function ModelCards({ provider }: { provider: Provider }) {
  const { t } = useTranslation();
  return (
    <Stack gap={0} component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label={t("models.model")}>
      {provider.models.map((model) => (
        <Stack key={`${model.kind}-${model.name}`} component="li" gap={4} py={10} style={{ borderTop: "1px solid var(--hairline)" }}>
          <Group gap="xs" justify="space-between" wrap="nowrap" align="flex-start">
            <Text className="mono" style={{ overflowWrap: "anywhere" }}>
              {model.name}
            </Text>
            <Badge color="gray" style={{ flex: "none" }}>
              {t(`models.kinds.${model.kind}`)}
            </Badge>
          </Group>
          <Fact name={t("models.contextTokens")} value={formatCount(model.context_tokens)} />
          <Fact name={t("models.inputPrice")} value={formatUsd(model.input_price)} />
          <Fact name={t("models.outputPrice")} value={formatUsd(model.output_price)} />
        </Stack>
      ))}
    </Stack>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <Group gap="xs" justify="space-between" wrap="nowrap">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text size="sm" className="numbers" ta="right">
        {value}
      </Text>
    </Group>
  );
}
