/** What somebody thinks of an answer: like, dislike, and why. */
import { ActionIcon, Button, Group, Popover, Stack, Textarea, Tooltip } from "@mantine/core";
import { IconMessage, IconMessageFilled, IconThumbDown, IconThumbDownFilled, IconThumbUp, IconThumbUpFilled } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Feedback, RunDetail } from "@/shared/api/runTypes";
import { notifyError } from "@/shared/ui/notify";

const ICONS = { like: [IconThumbUp, IconThumbUpFilled], dislike: [IconThumbDown, IconThumbDownFilled] } as const;

export function Verdict({ runId, feedback }: { runId: string; feedback: Feedback | null }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [comment, setComment] = useState("");
  const key = ["run", runId];
  const put = (shown: Feedback | null) => client.setQueryData<RunDetail>(key, (run) => run && { ...run, feedback: shown });
  const send = useMutation({
    mutationFn: (next: Feedback) => api.post<Feedback>(`/runs/${runId}/feedback`, { rating: next.rating, comment: next.comment ?? "" }),
    onMutate: (next) => {
      put(next.rating ? next : null);
      return feedback;
    },
    onError: (reason, _next, before) => {
      put(before ?? null);
      notifyError(reason);
    },
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  });
  const rating = feedback?.rating ?? null;
  const said = feedback?.comment ?? "";
  return (
    <Group gap={2}>
      {(["like", "dislike"] as const).map((each) => {
        const Glyph = ICONS[each][rating === each ? 1 : 0];
        return (
          <Tooltip key={each} label={t(`runs.${each}`)}>
            <ActionIcon variant="subtle" color="gray" aria-label={t(`runs.${each}`)} aria-pressed={rating === each} onClick={() => send.mutate({ rating: rating === each ? null : each, comment: said })}>
              <Glyph size={16} />
            </ActionIcon>
          </Tooltip>
        );
      })}
      {rating !== null && (
        <Popover opened={open} onChange={setOpen} width={300} position="bottom-end" trapFocus>
          <Popover.Target>
            <Tooltip label={said || t("runs.comment")} multiline maw={280}>
              <ActionIcon variant="subtle" color="gray" aria-label={t("runs.comment")} aria-expanded={open} onClick={() => (setComment(said), setOpen(!open))}>
                {said ? <IconMessageFilled size={16} /> : <IconMessage size={16} />}
              </ActionIcon>
            </Tooltip>
          </Popover.Target>
          <Popover.Dropdown>
            <Stack gap="xs">
              <Textarea autosize minRows={2} maxRows={8} maxLength={10_000} aria-label={t("runs.comment")} placeholder={t("runs.commentWhy")} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
              <Button
                size="xs"
                onClick={() => {
                  send.mutate({ rating, comment: comment.trim() });
                  setOpen(false);
                }}
              >
                {t("common.save")}
              </Button>
            </Stack>
          </Popover.Dropdown>
        </Popover>
      )}
    </Group>
  );
}
