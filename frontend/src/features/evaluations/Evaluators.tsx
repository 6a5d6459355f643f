/** The evaluators of the workspace. */
import { ActionIcon, Badge, Group, Paper, Stack, Text, Tooltip } from "@mantine/core";
import { IconPencil, IconScale, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import { useMay } from "@/shared/api/workspace";
import { useEvaluators } from "@/shared/evaluations/queries";
import type { Evaluator } from "@/shared/evaluations/types";
import { notifyError } from "@/shared/ui/notify";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { EvaluatorEditor } from "./EvaluatorEditor";

export function Evaluators() {
  const { t } = useTranslation();
  const evaluators = useEvaluators();
  const [edited, setEdited] = useState<Evaluator | null>(null);
  return (
    <>
      <Loaded query={evaluators}>
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon={IconScale} title={t("evaluations.evaluators.emptyTitle")} text={t("evaluations.evaluators.emptyText")} />
          ) : (
            <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={t("evaluations.sections.evaluators")}>
              {list.map((each) => (
                <li key={each.id}>
                  <Row evaluator={each} onEdit={() => setEdited(each)} />
                </li>
              ))}
            </Stack>
          )
        }
      </Loaded>
      <EvaluatorEditor key={edited?.id} evaluator={edited} opened={edited !== null} onClose={() => setEdited(null)} />
    </>
  );
}

function Row({ evaluator, onEdit }: { evaluator: Evaluator; onEdit: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.delete(`/evaluators/${evaluator.id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["evaluators"] }),
    onError: notifyError,
  });
  return (
    <Paper p="md" withBorder>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Stack gap={2} miw={0}>
          <Text fw={600} lineClamp={1}>
            {evaluator.name}
          </Text>
          <Text size="xs" c="dimmed">
            {t(`evaluations.kindTexts.${evaluator.kind}`)}
          </Text>
        </Stack>
        <Group gap="xs" wrap="nowrap">
          <Badge color="gray" variant="light" visibleFrom="sm">
            {t(`evaluations.kinds.${evaluator.kind}`)}
          </Badge>
          {may.edit && (
            <>
              <Tooltip label={t("common.edit")}>
                <ActionIcon variant="subtle" color="gray" onClick={onEdit} aria-label={t("evaluations.evaluators.edit", { name: evaluator.name })}>
                  <IconPencil size={16} />
                </ActionIcon>
              </Tooltip>
              <Tooltip label={t("common.delete")}>
                <ActionIcon variant="subtle" color="gray" loading={remove.isPending} onClick={() => remove.mutate()} aria-label={t("evaluations.evaluators.delete", { name: evaluator.name })}>
                  <IconTrash size={16} />
                </ActionIcon>
              </Tooltip>
            </>
          )}
        </Group>
      </Group>
    </Paper>
  );
}
