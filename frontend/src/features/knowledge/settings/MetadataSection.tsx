/** The fields by which documents can be filtered: own ones to add, rename and delete, and those every document has. */
import { ActionIcon, Badge, Button, Group, Select, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconCheck, IconPencil, IconTrash, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Dataset, FieldType, MetadataField } from "@/shared/api/knowledgeTypes";
import { useMay } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyError } from "@/shared/ui/notify";
import { SavedSwitch } from "@/shared/ui/SavedSwitch";
import { Loaded } from "@/shared/ui/states";
import { useMetadataFields } from "../queries";
import { useSave } from "./useSave";

const TYPES: FieldType[] = ["string", "number", "time"];

export function MetadataSection({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const may = useMay();
  const fields = useMetadataFields(dataset.id);
  const client = useQueryClient();
  const save = useSave(dataset.id, () => void client.invalidateQueries({ queryKey: ["metadata-fields", dataset.id] }));
  return (
    <Stack maw={760}>
      <Text size="sm" c="dimmed">
        {t("knowledge.metadataHint")}
      </Text>
      {may.edit && <AddField datasetId={dataset.id} />}
      <Loaded query={fields}>
        {(list) => (
          <Table.ScrollContainer minWidth={300}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("common.name")}</Table.Th>
                  <Table.Th>{t("knowledge.fieldType")}</Table.Th>
                  <Table.Th ta="right">{t("knowledge.documentsHead")}</Table.Th>
                  <Table.Th w={84} />
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {list.map((field) => (
                  <FieldRow key={field.id ?? field.name} datasetId={dataset.id} field={field} mayEdit={may.edit && field.id !== null} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Loaded>
      <SavedSwitch label={t("knowledge.builtInFields")} description={t("knowledge.builtInHint")} disabled={!may.edit} stored={dataset.built_in_metadata} save={(built_in_metadata) => save.mutateAsync({ built_in_metadata })} />
    </Stack>
  );
}

function useFieldChange<T>(datasetId: string, change: (path: string, value: T) => Promise<unknown>, onDone?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (value: T) => change(`/datasets/${datasetId}/metadata-fields`, value),
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: ["metadata-fields", datasetId] }),
        client.invalidateQueries({ queryKey: ["document", datasetId] }),
      ]);
      onDone?.();
    },
    onError: notifyError,
  });
}

function AddField({ datasetId }: { datasetId: string }) {
  const { t } = useTranslation();
  const [name, setName] = useState("");
  const [type, setType] = useState<FieldType>("string");
  const add = useFieldChange(
    datasetId,
    (path, field: { name: string; type: FieldType }) => api.post(path, field),
    () => setName(""),
  );
  return (
    <Group component="form" align="flex-end" gap="xs" onSubmit={(event) => (event.preventDefault(), add.mutate({ name: name.trim(), type }))}>
      <TextInput label={t("knowledge.newField")} placeholder={t("knowledge.fieldPlaceholder")} value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={100} flex={1} miw={160} />
      <Select label={t("knowledge.fieldType")} data={TYPES.map((value) => ({ value, label: t(`knowledge.fieldTypes.${value}`) }))} value={type} onChange={(value) => setType((value as FieldType | null) ?? "string")} allowDeselect={false} w={140} />
      <Button type="submit" variant="default" loading={add.isPending} disabled={name.trim() === ""}>
        {t("knowledge.add")}
      </Button>
    </Group>
  );
}

function FieldRow({ datasetId, field, mayEdit }: { datasetId: string; field: MetadataField; mayEdit: boolean }) {
  const { t } = useTranslation();
  const [name, setName] = useState<string | null>(null);
  const [doomed, setDoomed] = useState(false);
  const rename = useFieldChange(
    datasetId,
    (path, next: string) => api.patch(`${path}/${field.id}`, { name: next }),
    () => setName(null),
  );
  const remove = useFieldChange(
    datasetId,
    (path, id: string) => api.delete(`${path}/${id}`),
    () => setDoomed(false),
  );
  return (
    <Table.Tr>
      <Table.Td>
        {name === null ? (
          <Group gap="xs">
            <Text size="sm" className="mono" style={{ overflowWrap: "anywhere" }}>
              {field.name}
            </Text>
            {field.id === null && (
              <Badge size="sm" color="gray">
                {t("knowledge.builtIn")}
              </Badge>
            )}
          </Group>
        ) : (
          <Group gap={4} wrap="nowrap" component="form" onSubmit={(event) => (event.preventDefault(), name.trim() !== "" && rename.mutate(name.trim()))}>
            <TextInput size="xs" aria-label={t("common.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} autoFocus flex={1} />
            <ActionIcon type="submit" variant="subtle" loading={rename.isPending} aria-label={t("common.save")}>
              <IconCheck size={15} />
            </ActionIcon>
            <ActionIcon variant="subtle" onClick={() => setName(null)} aria-label={t("common.cancel")}>
              <IconX size={15} />
            </ActionIcon>
          </Group>
        )}
      </Table.Td>
      <Table.Td>{t(`knowledge.fieldTypes.${field.type}`)}</Table.Td>
      <Table.Td ta="right">{formatCount(field.count)}</Table.Td>
      <Table.Td>
        {mayEdit && name === null && (
          <Group gap={0} justify="flex-end" wrap="nowrap">
            <ActionIcon variant="subtle" aria-label={t("knowledge.renameField", { name: field.name })} onClick={() => setName(field.name)}>
              <IconPencil size={15} />
            </ActionIcon>
            <ActionIcon variant="subtle" aria-label={t("knowledge.deleteField", { name: field.name })} onClick={() => setDoomed(true)}>
              <IconTrash size={15} />
            </ActionIcon>
          </Group>
        )}
        <ConfirmDelete opened={doomed} title={t("knowledge.deleteQuestion", { name: field.name })} busy={remove.isPending} onConfirm={() => field.id && remove.mutate(field.id)} onClose={() => setDoomed(false)}>
          {t("knowledge.deleteFieldText", { count: field.count })}
        </ConfirmDelete>
      </Table.Td>
    </Table.Tr>
  );
}
