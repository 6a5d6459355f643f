/** Asks a dataset without a model: which passages come back, how near, how fast. */
import { Badge, Button, Group, NumberInput, Paper, Stack, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Hit, Retrieval } from "@/shared/api/knowledgeTypes";
import { formatDuration } from "@/shared/format/numbers";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";

export function RetrievalTest({ datasetId }: { datasetId: string }) {
  const { t } = useTranslation();
  const [query, setQuery] = useState("");
  const [topK, setTopK] = useState<number | string>(4);
  const [threshold, setThreshold] = useState<number | string>("");
  const search = useMutation({
    mutationFn: () =>
      api.post<Retrieval>(`/datasets/${datasetId}/retrieve`, {
        query,
        top_k: Number(topK) || 4,
        ...(threshold === "" ? {} : { score_threshold: Number(threshold) }),
      }),
  });
  return (
    <Stack>
      <Group
        component="form"
        align="flex-end"
        gap="xs"
        onSubmit={(event) => {
          event.preventDefault();
          if (query.trim()) search.mutate();
        }}
      >
        <TextInput label={t("knowledge.query")} placeholder={t("knowledge.queryPlaceholder")} value={query} onChange={(event) => setQuery(event.currentTarget.value)} flex={1} miw={220} required />
        <NumberInput label={t("knowledge.topK")} value={topK} onChange={setTopK} min={1} max={50} allowDecimal={false} w={100} />
        <NumberInput label={t("knowledge.threshold")} value={threshold} onChange={setThreshold} min={0} max={1} step={0.05} placeholder={t("knowledge.none")} w={120} />
        <Button type="submit" loading={search.isPending} leftSection={<IconSearch size={16} />}>
          {t("knowledge.search")}
        </Button>
      </Group>
      {search.isPending && <RowsSkeleton rows={3} height={96} />}
      {search.isError && <ErrorState error={search.error} />}
      {search.isIdle && <EmptyState icon={IconSearch} title={t("knowledge.testTitle")} text={t("knowledge.testText")} />}
      {search.data && <Results retrieval={search.data} />}
    </Stack>
  );
}

function Results({ retrieval }: { retrieval: Retrieval }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs" role="status">
      <Group gap="md">
        {retrieval.trace.map((stage) => (
          <Text key={stage.name} size="xs" c="dimmed" className="numbers">
            {stage.name} · {formatDuration(stage.elapsed_ms)}
            {stage.hits > 0 && ` · ${t("knowledge.hits", { count: stage.hits })}`}
          </Text>
        ))}
      </Group>
      {retrieval.results.length === 0 && <Text c="dimmed">{t("knowledge.nothingFound")}</Text>}
      {retrieval.results.map((hit, index) => (
        <HitCard key={hit.chunk_id} hit={hit} rank={index + 1} />
      ))}
    </Stack>
  );
}

function HitCard({ hit, rank }: { hit: Hit; rank: number }) {
  const { t } = useTranslation();
  return (
    <Paper p="md">
      <Group gap="xs" mb="xs">
        <Badge className="numbers">{rank}</Badge>
        <Text fw={500} size="sm" style={{ overflowWrap: "anywhere" }}>
          {hit.document_name}
        </Text>
        {hit.page !== null && <Badge color="gray">{t("runs.page", { page: hit.page })}</Badge>}
        <Text size="sm" c="dimmed" className="numbers" ml="auto">
          {hit.score.toFixed(3)}
        </Text>
      </Group>
      <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {hit.text}
      </Text>
    </Paper>
  );
}
