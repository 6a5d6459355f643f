/** One hit in a column: its place, how far it moved, its score, where it stands, how it begins. */
import { ActionIcon, Group, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconCircleCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import classes from "../knowledge.module.css";
import type { RankedHit } from "./stages";

interface HitCardProps {
  hit: RankedHit;
  mayMark: boolean;
  onOpen: () => void;
  onMark: () => void;
}

export function HitCard({ hit, mayMark, onOpen, onMark }: HitCardProps) {
  const { t } = useTranslation();
  const { chunk } = hit;
  return (
    <article className={classes.hit} data-returned={hit.isReturned || undefined}>
      <UnstyledButton className={classes.hitBody} onClick={onOpen} disabled={!chunk}>
        <Group gap={6} wrap="nowrap">
          <Text size="sm" fw={600} className="numbers" w={18} style={{ flex: "none" }}>
            {hit.rank}
          </Text>
          <Change hit={hit} />
          <Text size="xs" fw={500} truncate flex={1} miw={0} title={chunk?.document_name}>
            {chunk?.document_name ?? hit.chunkId.slice(0, 8)}
          </Text>
          {chunk?.page != null && (
            <Text size="xs" c="dimmed" style={{ flex: "none" }}>
              {t("knowledge.pageShort", { page: chunk.page })}
            </Text>
          )}
          {hit.score !== null && (
            <Text size="xs" c="dimmed" className="numbers" style={{ flex: "none" }}>
              {hit.score.toFixed(3)}
            </Text>
          )}
        </Group>
        {chunk && (
          <Text size="xs" c="dimmed" className={classes.snippet}>
            {chunk.text}
          </Text>
        )}
      </UnstyledButton>
      {mayMark && chunk && (
        <Tooltip label={t("knowledge.markAsRight")}>
          <ActionIcon className={classes.mark} size={24} variant="subtle" aria-label={t("knowledge.markNumber", { rank: hit.rank })} onClick={onMark}>
            <IconCircleCheck size={16} />
          </ActionIcon>
        </Tooltip>
      )}
    </article>
  );
}

function Change({ hit }: { hit: RankedHit }) {
  const { t } = useTranslation();
  if (hit.isNew) {
    return (
      <Text size="xs" c="var(--accent-text)" style={{ flex: "none" }}>
        {t("knowledge.newHit")}
      </Text>
    );
  }
  if (!hit.change) return null;
  const up = hit.change > 0;
  const Glyph = up ? IconArrowUp : IconArrowDown;
  const count = Math.abs(hit.change);
  return (
    <Text size="xs" component="span" className={classes.change} c={up ? "var(--accent-text)" : "dimmed"} aria-label={t(up ? "knowledge.movedUp" : "knowledge.movedDown", { count })}>
      <Glyph size={12} aria-hidden />
      {count}
    </Text>
  );
}
