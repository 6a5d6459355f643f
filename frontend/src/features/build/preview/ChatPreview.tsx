/** A real conversation with the draft. */
import { Button, Group, Paper, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { App } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import { Markdown } from "@/shared/ui/markdown/Markdown";
import { notifyError } from "@/shared/ui/notify";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";
import classes from "../build.module.css";
import { Answer } from "./Answer";
import { answerOfLive } from "./answerModel";
import { Composer } from "./Composer";
import { ConversationMenu } from "./ConversationMenu";
import { StoredTurn } from "./StoredTurn";
import { useConversation } from "./useConversation";
import { inputsFor, missingInputs, VariableInputs, type Inputs } from "./VariableInputs";

export function ChatPreview({ app }: { app: App }) {
  const { t } = useTranslation();
  const draft = useDraft((state) => state.draft);
  const { conversationId, messages, stored, run, live, send, stop, open } = useConversation(app.id);
  const [search] = useSearchParams();
  const [question, setQuestion] = useState(search.get("ask") ?? "");
  const [filled, setFilled] = useState<Inputs>({});
  const { scroller, onScroll } = useStickToEnd([stored.length, run]);
  const missing = missingInputs(draft.variables, filled);
  const empty = stored.length === 0 && !run;

  const ask = async (text: string) => {
    if (live || !text.trim() || missing.length > 0) return;
    setQuestion("");
    try {
      await send(text.trim(), inputsFor(draft.variables, filled));
    } catch (reason) {
      setQuestion(text);
      notifyError(reason);
    }
  };

  return (
    <>
      <div className={classes.previewHead}>
        <Text fw={600}>{t("build.preview")}</Text>
        <ConversationMenu appId={app.id} current={conversationId} onOpen={open} />
      </div>
      <div className={classes.scroll} ref={scroller} onScroll={onScroll} tabIndex={0} role="log" aria-label={t("build.conversation")}>
        <div className={classes.thread}>
          {draft.variables.length > 0 && empty && (
            <Paper p="md">
              <VariableInputs variables={draft.variables} values={filled} onChange={setFilled} />
            </Paper>
          )}
          {draft.opening_statement && (
            <div className={classes.answer}>
              <Markdown text={draft.opening_statement} />
            </div>
          )}
          {empty && !conversationId && (
            <Suggestions questions={draft.suggested_questions} hasOpening={draft.opening_statement !== ""} onAsk={(text) => void ask(text)} />
          )}
          {conversationId && messages.isPending && !run && <RowsSkeleton rows={3} height={72} />}
          {messages.isError && <ErrorState error={messages.error} onRetry={() => void messages.refetch()} />}
          {stored.map((message) => (
            <StoredTurn key={message.id} message={message} agent={app.mode === "agent"} />
          ))}
          {run && (
            <>
              {run.query && <div className={classes.question}>{run.query}</div>}
              <Answer answer={answerOfLive(run)} reconnecting={run.reconnecting} />
            </>
          )}
        </div>
      </div>
      <Composer value={question} onChange={setQuestion} onSend={() => void ask(question)} onStop={() => void stop().catch(notifyError)} live={live} missing={missing} />
    </>
  );
}

function Suggestions({ questions, hasOpening, onAsk }: { questions: string[]; hasOpening: boolean; onAsk: (text: string) => void }) {
  const { t } = useTranslation();
  const shown = questions.filter((question) => question.trim() !== "");
  return (
    <>
      {!hasOpening && shown.length === 0 && (
        <Text c="dimmed" ta="center" py={48}>
          {t("build.previewEmpty")}
        </Text>
      )}
      {shown.length > 0 && (
        <Group gap="xs">
          {shown.map((question) => (
            <Button key={question} variant="default" size="xs" radius="xl" onClick={() => onAsk(question)}>
              {question}
            </Button>
          ))}
        </Group>
      )}
    </>
  );
}

/** Keeps the end of the conversation in sight, unless the reader has scrolled up. */
function useStickToEnd(changes: unknown[]) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const element = scroller.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the caller names what moves the end
  }, changes);
  const onScroll = () => {
    const element = scroller.current;
    if (element) atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 80;
  };
  return { scroller, onScroll };
}
