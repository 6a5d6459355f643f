/** Like and dislike of a run: shown at once, taken back when the server refuses. */
import { ActionIcon, Group, Tooltip } from "@mantine/core";
import { IconThumbDown, IconThumbDownFilled, IconThumbUp, IconThumbUpFilled } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Feedback } from "@/shared/api/runTypes";
import { notifyError } from "../notify";

type Rating = Feedback["rating"];

export function FeedbackButtons({ runId, initial }: { runId: string; initial: Rating }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [rating, setRating] = useState(initial);
  const send = useMutation({
    mutationFn: (next: Rating) => api.post<Feedback>(`/runs/${runId}/feedback`, { rating: next }),
    onMutate: (next) => {
      const before = rating;
      setRating(next);
      return before;
    },
    onError: (reason, _next, before) => {
      setRating(before ?? null);
      notifyError(reason);
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ["run", runId] }),
  });
  const toggle = (each: "like" | "dislike") => send.mutate(rating === each ? null : each);
  return (
    <Group gap={2}>
      <Tooltip label={t("runs.like")}>
        <ActionIcon variant="subtle" color="gray" size="sm" onClick={() => toggle("like")} aria-label={t("runs.like")} aria-pressed={rating === "like"}>
          {rating === "like" ? <IconThumbUpFilled size={14} /> : <IconThumbUp size={14} />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t("runs.dislike")}>
        <ActionIcon variant="subtle" color="gray" size="sm" onClick={() => toggle("dislike")} aria-label={t("runs.dislike")} aria-pressed={rating === "dislike"}>
          {rating === "dislike" ? <IconThumbDownFilled size={14} /> : <IconThumbDown size={14} />}
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}
