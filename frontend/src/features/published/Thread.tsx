/** The conversation itself: how it begins, its turns, and the end kept in sight while an answer grows. */
import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Json } from "@/shared/api/types";
import { SiteIcon } from "@/shared/site/SiteIcon";
import { Markdown } from "@/shared/ui/markdown/Markdown";
import type { FileShown } from "./api";
import { Fields } from "./form/Fields";
import classes from "./published.module.css";
import { useVisit } from "./SiteContext";
import { TurnView } from "./TurnView";
import type { TalkState } from "./useTalk";
import { errorWords } from "./words";

interface ThreadProps {
  talk: TalkState;
  filled: Record<string, Json>;
  onFill: (values: Record<string, Json>) => void;
  onAsk: (text: string, files?: FileShown[]) => void;
}

export function Thread({ talk, filled, onFill, onAsk }: ThreadProps) {
  const { t } = useTranslation();
  const { offer } = useVisit();
  const { scroller, onScroll } = useStickToEnd(talk.turns, talk.id);
  const fresh = talk.id === null && talk.turns.length === 0;
  const { stored } = talk;
  return (
    <div className={classes.scroll} ref={scroller} onScroll={onScroll} tabIndex={0} role="log" aria-label={t("published.conversation")}>
      <div className={classes.thread}>
        {fresh && <Greeting />}
        {fresh && offer.variables.length > 0 && (
          <div className={classes.card}>
            <Fields variables={offer.variables} values={filled} onChange={onFill} />
          </div>
        )}
        {offer.opening_text && !stored.hasNextPage && (
          <div className={classes.opening}>
            <Markdown text={offer.opening_text} />
          </div>
        )}
        {fresh && offer.suggested_questions.length > 0 && (
          <Group gap="xs">
            {offer.suggested_questions.map((question) => (
              <Button key={question} variant="default" size="xs" radius="xl" className={classes.suggestion} onClick={() => onAsk(question)}>
                {question}
              </Button>
            ))}
          </Group>
        )}
        {stored.hasNextPage && (
          <Button variant="subtle" color="gray" size="xs" mx="auto" loading={stored.isFetchingNextPage} onClick={() => void stored.fetchNextPage()}>
            {t("published.earlier")}
          </Button>
        )}
        {talk.id !== null && stored.isPending && talk.turns.length === 0 && (
          <Stack role="status" aria-label={t("common.loading")}>
            <Skeleton height={40} width="60%" ml="auto" />
            <Skeleton height={96} />
          </Stack>
        )}
        {stored.isError && talk.turns.length === 0 && (
          <Text c="dimmed" ta="center">
            {errorWords(t, stored.error)}
          </Text>
        )}
        {talk.turns.map((turn, index) => (
          <TurnView
            key={turn.id ?? "new"}
            turn={turn}
            last={index === talk.turns.length - 1}
            onAgain={talk.live ? undefined : () => onAsk(turn.query, turn.files)}
            onAnswered={talk.goOn}
          />
        ))}
      </div>
    </div>
  );
}

function Greeting() {
  const { offer } = useVisit();
  return (
    <Stack align="center" gap={8} className={classes.greeting}>
      <SiteIcon look={offer} size={56} />
      <Text component="h2" fw={600} size="xl" ta="center" m={0}>
        {offer.name}
      </Text>
      {offer.description && (
        <Text c="dimmed" ta="center" maw={460}>
          {offer.description}
        </Text>
      )}
    </Stack>
  );
}

/** Keeps the end in sight, unless the reader has scrolled up. */
function useStickToEnd(changes: unknown, conversation: string | null) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    atEnd.current = true;
  }, [conversation]);
  useEffect(() => {
    const element = scroller.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [changes, conversation]);
  const onScroll = () => {
    const element = scroller.current;
    if (element) atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80;
  };
  return { scroller, onScroll };
}
