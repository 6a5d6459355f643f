/** The model that embeds the passages. Another one embeds them anew in the background; searches go on meanwhile. */
import { Alert, Anchor, Button, Group, Progress, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api } from "@/shared/api/client";
import type { Dataset, Reembedding } from "@/shared/api/knowledgeTypes";
import { useModels } from "@/shared/api/queries";
import { useMay, useRoute } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { notifyError } from "@/shared/ui/notify";
import { ModelSelect } from "../ModelSelect";
import { useRefreshDataset } from "../queries";

export function EmbeddingSection({ dataset }: { dataset: Dataset }) {
  const { t } = useTranslation();
  const may = useMay();
  const route = useRoute();
  const models = useModels();
  const isOnlyOne = models.data !== undefined && models.data.filter((each) => each.kind === "embedding").length < 2;
  const refresh = useRefreshDataset(dataset.id);
  const [model, setModel] = useState(dataset.embedding_model);
  const start = useMutation({
    mutationFn: (chosen: string) => api.post(`/datasets/${dataset.id}/reembed`, { model: chosen }),
    onSuccess: refresh,
    onError: notifyError,
  });
  const cancel = useMutation({
    mutationFn: () => api.delete(`/datasets/${dataset.id}/reembed`),
    onSuccess: refresh,
    onError: notifyError,
  });
  const work = dataset.reembedding;
  return (
    <Stack maw={640}>
      <Group gap="md">
        <Fact label={t("knowledge.embeddingModel")} value={dataset.embedding_model} />
        <Fact label={t("knowledge.dimensions")} value={formatCount(dataset.index?.dimensions)} />
        <Fact label={t("knowledge.searchKind")} value={t(dataset.index?.is_approximate ? "knowledge.approximate" : "knowledge.exact")} />
      </Group>
      <Text size="sm" c="dimmed">
        {t(dataset.index?.is_approximate ? "knowledge.indexApproximate" : "knowledge.indexExact")}
      </Text>
      {work && <Working work={work} busy={cancel.isPending} mayEdit={may.edit} onCancel={() => cancel.mutate()} />}
      {may.edit && (!work || work.reason) && (
        <>
          <ModelSelect kind="embedding" label={t("knowledge.otherModel")} description={t("knowledge.otherModelHint")} value={model} onChange={setModel} />
          {isOnlyOne && (
            <Text size="sm" c="dimmed">
              {t("knowledge.onlyOneModel")}{" "}
              <Anchor component={Link} to={route("models")} size="sm">
                {t("knowledge.lookAtModels")}
              </Anchor>
            </Text>
          )}
          <Group>
            <Button disabled={model === "" || model === dataset.embedding_model} loading={start.isPending} onClick={() => start.mutate(model)}>
              {t("knowledge.reembed")}
            </Button>
          </Group>
        </>
      )}
    </Stack>
  );
}

function Working({ work, busy, mayEdit, onCancel }: { work: Reembedding; busy: boolean; mayEdit: boolean; onCancel: () => void }) {
  const { t } = useTranslation();
  const title = t("knowledge.reembeddingTo", { model: work.model });
  return (
    <Alert variant="light" color={work.reason ? "red" : "accent"} title={title}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{work.reason || t("knowledge.reembeddingText", { done: formatCount(work.done), total: formatCount(work.total) })}</Text>
        {!work.reason && <Progress w="100%" value={work.total > 0 ? (work.done / work.total) * 100 : 0} size={6} aria-label={title} />}
        {mayEdit && (
          <Button size="xs" variant="default" loading={busy} onClick={onCancel}>
            {t(work.reason ? "knowledge.dropReembedding" : "common.cancel")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  return (
    <Stack gap={0} pr="lg">
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fw={500} className="numbers" style={{ overflowWrap: "anywhere" }}>
        {value}
      </Text>
    </Stack>
  );
}
