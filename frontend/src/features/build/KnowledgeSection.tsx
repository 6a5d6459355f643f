/** Which datasets the app looks in, and how many passages it takes. */
import { Anchor, MultiSelect, SegmentedControl, SimpleGrid, Slider, Stack, Switch, Text, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useDatasets, useModels } from "@/shared/api/queries";
import { useRoute } from "@/shared/api/workspace";
import { useDraft } from "@/shared/draft/DraftContext";
import { useFieldError } from "./Section";

const DEFAULT_THRESHOLD = 0.3;
const MODES = ["semantic", "full_text", "hybrid"] as const;

export function KnowledgeSection() {
  const { t } = useTranslation();
  const route = useRoute();
  const datasets = useDatasets();
  const chosen = useDraft((state) => state.draft.datasets);
  const retrieval = useDraft((state) => state.draft.retrieval);
  const edit = useDraft((state) => state.edit);
  const error = useFieldError("datasets");
  const threshold = retrieval.score_threshold;
  if (datasets.data?.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("build.noDatasets")}{" "}
        <Anchor component={Link} to={route("knowledge?new=1")} size="sm">
          {t("knowledge.new")}
        </Anchor>
      </Text>
    );
  }
  return (
    <Stack gap="sm">
      <MultiSelect
        label={t("build.datasets")}
        placeholder={chosen.length === 0 ? t("build.chooseDatasets") : undefined}
        data={(datasets.data ?? []).map((dataset) => ({ value: dataset.id, label: dataset.name }))}
        value={chosen}
        onChange={(next) => edit({ datasets: next })}
        searchable
        error={error}
      />
      {chosen.length > 0 && <Search />}
      {chosen.length > 0 && (
        <SimpleGrid type="container" cols={{ base: 1, "400px": 2 }}>
          <Stack gap={6}>
            <Group justify="space-between">
              <Text size="sm" fw={500}>
                {t("build.topK")}
              </Text>
              <Text size="sm" c="dimmed" className="numbers">
                {retrieval.top_k}
              </Text>
            </Group>
            <Slider min={1} max={20} value={retrieval.top_k} onChange={(top_k) => edit({ retrieval: { ...retrieval, top_k } })} label={null} size="sm" thumbLabel={t("build.topK")} mt={6} />
          </Stack>
          <Stack gap={6}>
            <Group justify="space-between" wrap="nowrap">
              <Switch
                size="xs"
                label={t("build.threshold")}
                checked={threshold !== null}
                onChange={(event) => edit({ retrieval: { ...retrieval, score_threshold: event.currentTarget.checked ? DEFAULT_THRESHOLD : null } })}
              />
              <Text size="sm" c="dimmed" className="numbers">
                {threshold?.toFixed(2) ?? "–"}
              </Text>
            </Group>
            <Slider
              min={0}
              max={1}
              step={0.01}
              disabled={threshold === null}
              value={threshold ?? 0}
              onChange={(score_threshold) => edit({ retrieval: { ...retrieval, score_threshold } })}
              label={null}
              size="sm"
              thumbLabel={t("build.threshold")}
              mt={6}
            />
          </Stack>
        </SimpleGrid>
      )}
    </Stack>
  );
}

/** How passages are looked for, and whether a second model orders them. */
function Search() {
  const { t } = useTranslation();
  const models = useModels();
  const retrieval = useDraft((state) => state.draft.retrieval);
  const edit = useDraft((state) => state.edit);
  const lacksReranker = models.data !== undefined && !models.data.some((model) => model.kind === "rerank");
  const rerank = retrieval.rerank === true;
  return (
    <SimpleGrid type="container" cols={{ base: 1, "400px": 2 }}>
      <Stack gap={6}>
        <Text size="sm" fw={500}>
          {t("build.searchMode")}
        </Text>
        <SegmentedControl
          size="xs"
          aria-label={t("build.searchMode")}
          value={retrieval.mode}
          onChange={(mode) => edit({ retrieval: { ...retrieval, mode } })}
          data={MODES.map((value) => ({ value, label: t(`build.searchModes.${value}`) }))}
        />
      </Stack>
      <Switch
        size="xs"
        mt={4}
        label={t("build.rerank")}
        description={t(lacksReranker ? "build.rerankMissing" : "build.rerankHint")}
        checked={rerank}
        disabled={lacksReranker && !rerank}
        onChange={(event) => edit({ retrieval: { ...retrieval, rerank: event.currentTarget.checked } })}
      />
    </SimpleGrid>
  );
}
