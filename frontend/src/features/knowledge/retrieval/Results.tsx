/** What a search brought, stage by stage: the time of each, a column of hits for each that ranks. */
import { Button, Group, Modal, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconListDetails } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { Retrieval } from "@/shared/api/retrievalTypes";
import { useMay } from "@/shared/api/workspace";
import { formatDuration } from "@/shared/format/numbers";
import { JsonTree } from "@/shared/ui/JsonTree";
import classes from "../knowledge.module.css";
import { useAddress } from "../useAddress";
import { HitCard } from "./HitCard";
import { MarkAsRight } from "./MarkAsRight";
import { columnsOf, totalMs, type Column, type RankedHit } from "./stages";
import { StageBar } from "./StageBar";

const SHOWN = 10;

interface ResultsProps {
  dataset: Dataset;
  query: string;
  retrieval: Retrieval;
  isOld: boolean;
}

export function Results({ dataset, query, retrieval, isOld }: ResultsProps) {
  const { t } = useTranslation();
  const { get, put } = useAddress();
  const may = useMay();
  const narrow = useMediaQuery("(max-width: 860px)");
  const [marked, setMarked] = useState<RankedHit | null>(null);
  const [tracing, setTracing] = useState(false);
  const columns = columnsOf(retrieval);
  const chosen = columns.find((column) => column.name === get("stage")) ?? columns.at(-1);
  const shown = narrow ? columns.filter((column) => column === chosen) : columns;
  const open = (hit: RankedHit) => hit.chunk && put({ document: hit.chunk.document_id, chunk: hit.chunkId, view: null }, true);
  return (
    <Stack gap="sm" opacity={isOld ? 0.5 : 1} aria-busy={isOld}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" role="status">
          {t("knowledge.returned", { count: retrieval.results.length })} · {formatDuration(totalMs(retrieval.trace))}
        </Text>
        <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconListDetails size={15} />} onClick={() => setTracing(true)}>
          {t("knowledge.traceDetails")}
        </Button>
      </Group>
      <StageBar trace={retrieval.trace} />
      {retrieval.results.length === 0 && <Text c="dimmed">{t("knowledge.nothingFound")}</Text>}
      {narrow && columns.length > 1 && (
        <SegmentedControl fullWidth size="xs" aria-label={t("knowledge.stage")} data={columns.map((column) => ({ value: column.name, label: t(`knowledge.stages.${column.name}`) }))} value={chosen?.name ?? ""} onChange={(name) => put({ stage: name })} />
      )}
      <div className={classes.columns} style={{ "--columns": shown.length } as React.CSSProperties}>
        {shown.map((column) => (
          <StageColumn key={column.name} column={column} mayMark={may.edit} onOpen={open} onMark={setMarked} />
        ))}
      </div>
      <Modal opened={tracing} onClose={() => setTracing(false)} title={t("knowledge.traceDetails")} size="xl">
        <Stack gap="sm">
          {retrieval.trace.map((stage, index) => (
            <JsonTree key={index} label={`${stage.name} · ${formatDuration(stage.elapsed_ms)}`} value={stage.detail} openTo={1} />
          ))}
        </Stack>
      </Modal>
      <MarkAsRight key={marked?.chunkId} dataset={dataset} query={query} hit={marked} onClose={() => setMarked(null)} />
    </Stack>
  );
}

interface StageColumnProps {
  column: Column;
  mayMark: boolean;
  onOpen: (hit: RankedHit) => void;
  onMark: (hit: RankedHit) => void;
}

function StageColumn({ column, mayMark, onOpen, onMark }: StageColumnProps) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const name = t(`knowledge.stages.${column.name}`);
  const hits = all ? column.hits : column.hits.slice(0, SHOWN);
  return (
    <section className={classes.column} aria-label={name}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text fw={600} size="sm">
          {name}
        </Text>
        <Text size="xs" c="dimmed" className="numbers">
          {column.hits.length}
          {column.elapsedMs !== null && ` · ${formatDuration(column.elapsedMs)}`}
        </Text>
      </Group>
      <Text size="xs" c="dimmed">
        {t(`knowledge.stageHints.${column.name}`)}
      </Text>
      {column.note && (
        <Text size="xs" c="var(--danger-text)" style={{ overflowWrap: "anywhere" }}>
          {column.note}
        </Text>
      )}
      {column.hits.length === 0 && !column.note && (
        <Text size="sm" c="dimmed">
          {t("knowledge.stageEmpty")}
        </Text>
      )}
      {hits.map((hit) => (
        <HitCard key={hit.chunkId} hit={hit} mayMark={mayMark} onOpen={() => onOpen(hit)} onMark={() => onMark(hit)} />
      ))}
      {column.hits.length > SHOWN && (
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setAll(!all)}>
          {all ? t("knowledge.showFirst", { count: SHOWN }) : t("knowledge.showMore", { count: column.hits.length - SHOWN })}
        </Button>
      )}
    </section>
  );
}
