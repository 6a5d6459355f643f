/** What is known about a document, and what people add to it: its name and the values of its metadata. */
import { Alert, Anchor, Button, Group, Stack, Text, TextInput, NumberInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { KnowledgeDocument, MetadataField, MetadataValue } from "@/shared/api/knowledgeTypes";
import { useMay } from "@/shared/api/workspace";
import { formatBytes, formatDuration } from "@/shared/format/numbers";
import { RelativeTime, ShortId } from "@/shared/ui/bits";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { Loaded } from "@/shared/ui/states";
import { STAGES } from "../documents/documentModel";
import { useMetadataFields, useRefreshDataset } from "../queries";
import { dateOf, secondsOf } from "../retrieval/filterModel";
import { useAddress } from "../useAddress";

export function DocumentDetails({ datasetId, document }: { datasetId: string; document: KnowledgeDocument }) {
  const fields = useMetadataFields(datasetId);
  return <Loaded query={fields}>{(list) => <Details datasetId={datasetId} document={document} fields={list.filter((field) => field.id !== null)} />}</Loaded>;
}

function Details({ datasetId, document, fields }: { datasetId: string; document: KnowledgeDocument; fields: MetadataField[] }) {
  const { t } = useTranslation();
  const may = useMay();
  const { put } = useAddress();
  const refresh = useRefreshDataset(datasetId);
  const [name, setName] = useState(document.name);
  const [metadata, setMetadata] = useState(document.metadata);
  const changed = name !== document.name || JSON.stringify(metadata) !== JSON.stringify(document.metadata);
  const save = useMutation({
    mutationFn: () => api.patch(`/datasets/${datasetId}/documents/${document.id}`, { name, metadata }),
    onSuccess: async () => {
      await refresh();
      notifyDone(t("common.savedDone"));
    },
    onError: notifyError,
  });
  const set = (field: string, value: MetadataValue | null) =>
    setMetadata((before) => {
      const rest = Object.fromEntries(Object.entries(before).filter(([key]) => key !== field));
      return value === null ? rest : { ...rest, [field]: value };
    });
  return (
    <Stack component="form" onSubmit={(event) => (event.preventDefault(), save.mutate())}>
      <TextInput label={t("common.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required maxLength={255} disabled={!may.edit} />
      {fields.map((field) => (
        <ValueInput key={field.name} field={field} value={metadata[field.name] ?? null} onChange={(value) => set(field.name, value)} disabled={!may.edit} />
      ))}
      {fields.length === 0 && may.edit && (
        <Alert color="gray" variant="light">
          {t("knowledge.noFieldsYet")}{" "}
          <Anchor component="button" type="button" size="sm" onClick={() => put({ tab: "settings", section: "metadata", document: null, view: null }, true)}>
            {t("knowledge.addField")}
          </Anchor>
        </Alert>
      )}
      {may.edit && (
        <Group>
          <Button type="submit" loading={save.isPending} disabled={!changed || name.trim() === ""}>
            {t("common.save")}
          </Button>
        </Group>
      )}
      <Known document={document} />
    </Stack>
  );
}

function ValueInput({ field, value, onChange, disabled }: { field: MetadataField; value: MetadataValue | null; onChange: (value: MetadataValue | null) => void; disabled: boolean }) {
  const { t } = useTranslation();
  const description = t(`knowledge.fieldTypes.${field.type}`);
  if (field.type === "number") {
    return <NumberInput label={field.name} description={description} value={value ?? ""} onChange={(next) => onChange(next === "" ? null : Number(next))} disabled={disabled} />;
  }
  if (field.type === "time") {
    return <TextInput type="date" label={field.name} description={description} value={typeof value === "number" ? dateOf(value) : ""} onChange={(event) => onChange(secondsOf(event.currentTarget.value))} disabled={disabled} />;
  }
  return <TextInput label={field.name} description={description} value={value === null ? "" : String(value)} onChange={(event) => onChange(event.currentTarget.value || null)} disabled={disabled} />;
}

function Known({ document }: { document: KnowledgeDocument }) {
  const { t } = useTranslation();
  const stages = STAGES.filter((stage) => stage in document.stage_times);
  return (
    <Stack gap={6} pt="md" style={{ borderTop: "1px solid var(--hairline)" }}>
      <Fact name={t("knowledge.fileTitle")}>{document.title || "–"}</Fact>
      <Fact name={t("knowledge.format")}>{document.format.toUpperCase()}</Fact>
      <Fact name={t("knowledge.size")}>{formatBytes(document.size_bytes)}</Fact>
      {document.source_url && <Fact name={t("knowledge.address")}>{document.source_url}</Fact>}
      <Fact name={t("knowledge.added")}>
        <RelativeTime at={document.created_at} />
      </Fact>
      {stages.map((stage) => (
        <Fact key={stage} name={t("knowledge.timeOf", { stage: t(`common.status.${stage}`) })}>
          {formatDuration(document.stage_times[stage])}
        </Fact>
      ))}
      <Fact name={t("knowledge.id")}>
        <ShortId id={document.id} />
      </Fact>
    </Stack>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <Group gap="md" wrap="nowrap" align="baseline">
      <Text size="sm" c="dimmed" w={180} style={{ flex: "none" }}>
        {name}
      </Text>
      <Text size="sm" component="div" className="numbers" style={{ overflowWrap: "anywhere" }}>
        {children}
      </Text>
    </Group>
  );
}
