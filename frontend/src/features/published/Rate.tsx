/** Like and dislike of an answer: shown at once, taken back when the server refuses. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconThumbDown, IconThumbDownFilled, IconThumbUp, IconThumbUpFilled } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Rating } from "./api";
import { useVisit } from "./SiteContext";

export function Rate({ runId, initial }: { runId: string; initial: Rating }) {
  const { t } = useTranslation();
  const { api } = useVisit();
  const [rating, setRating] = useState(initial);
  const rate = (pressed: "like" | "dislike") => {
    const before = rating;
    const next = rating === pressed ? null : pressed;
    setRating(next);
    api.rate(runId, next).catch(() => setRating(before));
  };
  return (
    <>
      <Tooltip label={t("published.like")}>
        <ActionIcon variant="subtle" onClick={() => rate("like")} aria-label={t("published.like")} aria-pressed={rating === "like"}>
          {rating === "like" ? <IconThumbUpFilled size={16} /> : <IconThumbUp size={16} />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t("published.dislike")}>
        <ActionIcon variant="subtle" onClick={() => rate("dislike")} aria-label={t("published.dislike")} aria-pressed={rating === "dislike"}>
          {rating === "dislike" ? <IconThumbDownFilled size={16} /> : <IconThumbDown size={16} />}
        </ActionIcon>
      </Tooltip>
    </>
  );
}
