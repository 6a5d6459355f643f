/** The first passages that these settings make of a document or a file; nothing of it is stored. */
import { Alert, Badge, Button, Group, Paper, Select, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconAlertTriangle, IconFileSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { ChunkPreview as Preview, ChunkSettings, Dataset } from "@/shared/api/knowledgeTypes";
import { postForm } from "@/shared/api/upload";
import { formatCount } from "@/shared/format/numbers";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { languageName } from "../documents/languages";
import classes from "../knowledge.module.css";
import { useDocuments } from "../queries";

const DEBOUNCE_MS = 500;

type Source = { kind: "document"; id: string } | { kind: "file"; file: File };

interface ChunkPreviewProps {
  dataset: Dataset;
  settings: ChunkSettings;
  isPossible: boolean;
}

export function ChunkPreview({ dataset, settings, isPossible }: ChunkPreviewProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed, 200);
  const documents = useDocuments(dataset.id, { search, status: "", state: "", ordering: "-chunk_count" });
  const options = (documents.data?.pages.flatMap((page) => page.results) ?? []).map((document) => ({ value: document.id, label: document.name }));
  const [picked, setPicked] = useState<Source | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const first = options[0];
  const source: Source | null = picked ?? (first ? { kind: "document", id: first.value } : null);
  const [asked] = useDebouncedValue(settings, DEBOUNCE_MS);
  const preview = usePreview(dataset.id, source, asked, isPossible);
  const take = (file: File | undefined) => file && setPicked({ kind: "file", file });
  return (
    <Stack
      gap="sm"
      component="section"
      aria-label={t("knowledge.preview")}
      className={classes.preview}
      data-over={over || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files[0]);
      }}
    >
      <Group gap="xs" align="flex-end">
        <Select
          label={t("knowledge.previewOf")}
          placeholder={source?.kind === "file" ? source.file.name : t("knowledge.chooseADocument")}
          data={options}
          value={source?.kind === "document" ? source.id : null}
          onChange={(id) => id && setPicked({ kind: "document", id })}
          searchable
          onSearchChange={(value) => setTyped(options.some((option) => option.label === value) ? "" : value)}
          nothingFoundMessage={t("knowledge.noneFound")}
          flex={1}
          miw={180}
        />
        <Button variant="default" onClick={() => input.current?.click()}>
          {t("knowledge.chooseFile")}
        </Button>
        <input ref={input} type="file" hidden aria-label={t("knowledge.chooseFile")} onChange={(event) => take(event.currentTarget.files?.[0])} />
      </Group>
      {!source && <EmptyState icon={IconFileSearch} title={t("knowledge.previewTitle")} text={t("knowledge.previewText")} />}
      {source && preview.isError && <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />}
      {source && preview.isPending && isPossible && <RowsSkeleton rows={4} height={84} />}
      {source && preview.data && !preview.isError && <Result preview={preview.data} settings={asked} isOld={preview.isFetching || asked !== settings} />}
    </Stack>
  );
}

function usePreview(datasetId: string, source: Source | null, settings: ChunkSettings, isPossible: boolean) {
  const name = source?.kind === "file" ? [source.file.name, source.file.size, source.file.lastModified].join() : (source?.id ?? "");
  return useQuery({
    queryKey: ["preview", datasetId, name, settings],
    queryFn: ({ signal }) => {
      const path = `/datasets/${datasetId}/preview`;
      return source?.kind === "file"
        ? postForm<Preview>(path, { file: source.file, settings: JSON.stringify(settings) }, signal)
        : api.post<Preview>(path, { document_id: source?.id, settings });
    },
    enabled: source !== null && isPossible,
    placeholderData: (before) => before,
    staleTime: Infinity,
    retry: false,
  });
}

function Result({ preview, settings, isOld }: { preview: Preview; settings: ChunkSettings; isOld: boolean }) {
  const { t, i18n } = useTranslation();
  const longest = Math.max(1, ...preview.chunks.map((chunk) => chunk.tokens));
  return (
    <Stack gap="xs" aria-busy={isOld} opacity={isOld ? 0.6 : 1}>
      <Group gap="xs" role="status">
        <Text size="sm" c="dimmed" className="numbers">
          {t(preview.is_complete ? "knowledge.previewWhole" : "knowledge.previewFirst", { count: preview.chunks.length })}
        </Text>
        {preview.language && <Badge color="gray">{languageName(preview.language, i18n.language)}</Badge>}
      </Group>
      {preview.warnings.map((warning) => (
        <Alert key={warning} color="yellow" variant="light" p="xs" icon={<IconAlertTriangle size={16} />}>
          {warning}
        </Alert>
      ))}
      {preview.chunks.length === 0 && <Text c="dimmed">{t("knowledge.previewEmpty")}</Text>}
      {preview.chunks.map((chunk, index) => (
        <Paper key={index} p="sm">
          <Group gap="xs" mb={6}>
            <Badge color="gray" className="numbers">
              #{index}
            </Badge>
            {chunk.page !== null && <Badge>{t("runs.page", { page: chunk.page })}</Badge>}
            <Text size="xs" c="dimmed" className="numbers">
              {t("knowledge.tokens", { count: chunk.tokens, formatted: formatCount(chunk.tokens) })}
              {chunk.children.length > 0 && ` · ${t("knowledge.childCount", { count: chunk.children.length })}`}
            </Text>
            <span className={classes.length} aria-hidden>
              <span style={{ width: `${(chunk.tokens / longest) * 100}%` }} />
            </span>
          </Group>
          {chunk.children.length > 0 ? (
            <Stack gap={4}>
              {chunk.children.map((child, place) => (
                <Group key={place} className={classes.child} gap="xs" wrap="nowrap" align="flex-start">
                  <Text size="sm" flex={1} miw={0} className={classes.parentText}>
                    {child.text}
                  </Text>
                  <Text size="xs" c="dimmed" className="numbers" style={{ flex: "none" }}>
                    {formatCount(child.tokens)}
                  </Text>
                </Group>
              ))}
            </Stack>
          ) : (
            <Text size="sm" className={classes.parentText}>
              {chunk.text}
            </Text>
          )}
          {settings.chunk_mode === "qa" && chunk.answer && (
            <Text size="sm" mt={6} pl="sm" className={classes.parentText} style={{ borderLeft: "2px solid var(--accent-text)" }}>
              {chunk.answer}
            </Text>
          )}
        </Paper>
      ))}
    </Stack>
  );
}
