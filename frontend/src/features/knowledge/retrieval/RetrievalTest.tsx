/** Asks a dataset without a model: which passages each stage brings, how near, how fast. The address holds the search. */
import { ActionIcon, Anchor, Button, Collapse, Group, Paper, Stack, Text, Textarea, TextInput, Tooltip } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconAdjustments, IconFilter, IconSearch, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { Retrieval } from "@/shared/api/retrievalTypes";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { useMetadataFields } from "../queries";
import { useAddress } from "../useAddress";
import { FilterBuilder } from "./FilterBuilder";
import { decodeFilter, encodeFilter, filterOf, type FilterForm } from "./filterModel";
import { bodyOf, decodeSettings, encodeSettings, historyOf, withRecent } from "./request";
import { Results } from "./Results";
import { RetrievalFields } from "./RetrievalFields";

type Panel = "settings" | "filter";

export function RetrievalTest({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const { get, put } = useAddress();
  const fields = useMetadataFields(dataset.id);
  const asked = { query: get("q"), settings: get("s"), filter: get("f"), history: get("h") };
  const [query, setQuery] = useState(asked.query);
  const [settings, setSettings] = useState(() => decodeSettings(asked.settings, dataset.retrieval));
  const [filter, setFilter] = useState<FilterForm>(() => decodeFilter(asked.filter));
  const [history, setHistory] = useState(asked.history);
  const [panel, setPanel] = useState<Panel | null>(null);
  const [recent, setRecent] = useLocalStorage<string[]>({ key: `atelier-recent-queries-${dataset.id}`, defaultValue: [] });
  const types = Object.fromEntries((fields.data ?? []).map((field) => [field.name, field.type]));
  const search = useQuery({
    queryKey: ["retrieve", dataset.id, asked, dataset.retrieval],
    queryFn: () =>
      api.post<Retrieval>(
        `/datasets/${dataset.id}/retrieve`,
        bodyOf(asked.query, decodeSettings(asked.settings, dataset.retrieval), filterOf(decodeFilter(asked.filter), types), historyOf(asked.history)),
      ),
    enabled: asked.query !== "" && !fields.isPending,
    placeholderData: (before) => before,
    staleTime: Infinity,
    retry: false,
  });
  const ask = (text: string) => {
    const next = { query: text.trim(), settings: encodeSettings(settings, dataset.retrieval), filter: encodeFilter(filter), history: settings.rewrite ? history : "" };
    if (next.query === "") return;
    setQuery(text);
    // What was found is to be seen, not the settings above it.
    setPanel((open) => (open === "settings" ? null : open));
    setRecent((before) => withRecent(before, next.query));
    put({ q: next.query, s: next.settings, f: next.filter, h: next.history }, true);
    if (JSON.stringify(next) === JSON.stringify(asked)) void search.refetch();
  };
  const toggle = (name: Panel) => setPanel(panel === name ? null : name);
  const changed = encodeSettings(settings, dataset.retrieval) !== "";
  return (
    <Stack>
      <Group component="form" align="flex-end" gap="xs" onSubmit={(event) => (event.preventDefault(), ask(query))}>
        <TextInput label={t("knowledge.query")} placeholder={t("knowledge.queryPlaceholder")} value={query} onChange={(event) => setQuery(event.currentTarget.value)} flex={1} miw={{ base: "100%", xs: 260 }} required leftSection={<IconSearch size={16} />} />
        <Button variant={panel === "settings" ? "light" : "default"} leftSection={<IconAdjustments size={16} />} onClick={() => toggle("settings")} aria-expanded={panel === "settings"}>
          {t(`knowledge.searchModes.${settings.mode}`)}
          {changed && " •"}
        </Button>
        <Button variant={panel === "filter" ? "light" : "default"} leftSection={<IconFilter size={16} />} onClick={() => toggle("filter")} aria-expanded={panel === "filter"}>
          {t("knowledge.filter")}
          {filter.rows.length > 0 && ` (${filter.rows.length})`}
        </Button>
        <Button type="submit" loading={search.isFetching}>
          {t("knowledge.search")}
        </Button>
      </Group>
      <Collapse expanded={panel === "settings"}>
        <Paper p="md" component="section" aria-label={t("knowledge.sections.retrieval")}>
          <Stack maw={760}>
            <RetrievalFields value={settings} onChange={(change) => setSettings({ ...settings, ...change })} />
            {settings.rewrite && <Textarea label={t("knowledge.history")} description={t("knowledge.historyHint")} autosize minRows={2} maxRows={8} value={history} onChange={(event) => setHistory(event.currentTarget.value)} />}
            <Group gap="xs">
              <Button size="xs" disabled={query.trim() === ""} onClick={() => ask(query)}>
                {t("knowledge.search")}
              </Button>
              {changed && (
                <Button size="xs" variant="subtle" color="gray" onClick={() => setSettings(dataset.retrieval)}>
                  {t("knowledge.asDataset")}
                </Button>
              )}
            </Group>
          </Stack>
        </Paper>
      </Collapse>
      <Collapse expanded={panel === "filter"}>
        <Paper p="md">
          <FilterBuilder fields={fields.data ?? []} value={filter} onChange={setFilter} />
        </Paper>
      </Collapse>
      <Recent queries={recent} current={asked.query} onAsk={ask} onForget={(gone) => setRecent((before) => before.filter((each) => each !== gone))} />
      {asked.query === "" && <EmptyState icon={IconSearch} title={t("knowledge.testTitle")} text={t("knowledge.testText")} />}
      {asked.query !== "" && search.isPending && <RowsSkeleton rows={3} height={110} />}
      {search.isError && <ErrorState error={search.error} onRetry={() => void search.refetch()} />}
      {search.data && !search.isError && asked.query !== "" && <Results dataset={dataset} query={asked.query} retrieval={search.data} isOld={search.isPlaceholderData} />}
    </Stack>
  );
}

interface RecentProps {
  queries: string[];
  current: string;
  onAsk: (query: string) => void;
  onForget: (query: string) => void;
}

function Recent({ queries, current, onAsk, onForget }: RecentProps) {
  const { t } = useTranslation();
  const others = queries.filter((query) => query !== current);
  if (others.length === 0) return null;
  return (
    <Group gap="xs" component="section" aria-label={t("knowledge.recent")}>
      <Text size="xs" c="dimmed">
        {t("knowledge.recent")}
      </Text>
      {others.map((query) => (
        <Group key={query} gap={2} wrap="nowrap" maw={240}>
          <Tooltip label={query} multiline maw={400}>
            <Anchor component="button" type="button" size="xs" truncate onClick={() => onAsk(query)}>
              {query}
            </Anchor>
          </Tooltip>
          <ActionIcon size="xs" variant="subtle" aria-label={t("knowledge.forgetQuery", { query })} onClick={() => onForget(query)}>
            <IconX size={11} />
          </ActionIcon>
        </Group>
      ))}
    </Group>
  );
}
