/** What a person says of an answer: accept, reject, and a score with a note. */
import { ActionIcon, Button, Group, NumberInput, Popover, Stack, Textarea, Tooltip } from "@mantine/core";
import { IconCheck, IconMessage, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import { useMay } from "@/shared/api/workspace";
import type { ExperimentRow } from "@/shared/evaluations/types";
import { notifyError } from "@/shared/ui/notify";

export function ReviewButtons({ experimentId, row }: { experimentId: string; row: ExperimentRow }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const [opened, setOpened] = useState(false);
  const [score, setScore] = useState<number | string>(row.review_score ?? "");
  const [note, setNote] = useState(row.review_note);
  const review = useMutation({
    mutationFn: (verdict: ExperimentRow["review"]) =>
      api.put<ExperimentRow>(`/experiments/${experimentId}/rows/${row.id}/review`, { review: verdict, score: score === "" ? null : Number(score), note }),
    onSuccess: async () => {
      setOpened(false);
      await Promise.all([client.invalidateQueries({ queryKey: ["experiment-rows", experimentId] }), client.invalidateQueries({ queryKey: ["experiment", experimentId] })]);
    },
    onError: notifyError,
  });
  const say = (verdict: "accepted" | "rejected") => review.mutate(row.review === verdict ? "" : verdict);
  return (
    <Group gap={2} wrap="nowrap">
      <Tooltip label={t("evaluations.review.accept")}>
        <ActionIcon variant={row.review === "accepted" ? "filled" : "subtle"} color={row.review === "accepted" ? "accent" : "gray"} disabled={!may.edit} aria-pressed={row.review === "accepted"} onClick={() => say("accepted")} aria-label={t("evaluations.review.accept")}>
          <IconCheck size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t("evaluations.review.reject")}>
        <ActionIcon variant={row.review === "rejected" ? "filled" : "subtle"} color={row.review === "rejected" ? "red" : "gray"} disabled={!may.edit} aria-pressed={row.review === "rejected"} onClick={() => say("rejected")} aria-label={t("evaluations.review.reject")}>
          <IconX size={16} />
        </ActionIcon>
      </Tooltip>
      <Popover opened={opened} onChange={setOpened} position="bottom-end" width={280} trapFocus shadow="md">
        <Popover.Target>
          <ActionIcon variant={row.review_note || row.review_score !== null ? "light" : "subtle"} color="gray" disabled={!may.edit} onClick={() => setOpened(!opened)} aria-label={t("evaluations.review.score")}>
            <IconMessage size={16} />
          </ActionIcon>
        </Popover.Target>
        <Popover.Dropdown>
          <Stack gap="xs">
            <NumberInput label={t("evaluations.review.score")} min={0} max={1} step={0.1} decimalScale={2} value={score} onChange={setScore} data-autofocus />
            <Textarea label={t("evaluations.cases.note")} autosize minRows={2} maxRows={6} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
            <Button size="xs" loading={review.isPending} onClick={() => review.mutate(row.review || (Number(score || 0) >= 0.5 ? "accepted" : "rejected"))}>
              {t("common.save")}
            </Button>
          </Stack>
        </Popover.Dropdown>
      </Popover>
    </Group>
  );
}
