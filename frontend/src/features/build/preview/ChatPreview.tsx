/** A real conversation with the draft. */
import { Button, Group, Paper, Text } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import type { RunFile } from "@/shared/api/runTypes";
import type { App } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import { filledIn } from "@/shared/draft/references";
import { Markdown } from "@/shared/ui/markdown/Markdown";
import { notifyError } from "@/shared/ui/notify";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";
import classes from "../build.module.css";
import { Answer } from "./Answer";
import { answerOfLive } from "./answerModel";
import { Composer } from "./Composer";
import { ConversationMenu } from "./ConversationMenu";
import { Question } from "./Question";
import { StoredTurn } from "./StoredTurn";
import { useAttachments } from "./useAttachments";
import { useConversation } from "./useConversation";
import { useInAddress } from "./useInAddress";
import { useSees } from "./useSees";
import { useStickToEnd } from "./useStickToEnd";
import { inputsFor, missingInputs, VariableInputs, type Inputs } from "./VariableInputs";

export function ChatPreview({ app, compare }: { app: App; compare: ReactNode }) {
  const { t } = useTranslation();
  const draft = useDraft((state) => state.draft);
  const flush = useDraft((state) => state.flush);
  const [search] = useSearchParams();
  const [conversationId, select] = useInAddress("conversation");
  const { messages, stored, run, live, send, stop, open } = useConversation({ appId: app.id, conversationId, select });
  const [question, setQuestion] = useState(search.get("ask") ?? "");
  const [filled, setFilled] = useState<Inputs>({});
  const sees = useSees();
  const attachments = useAttachments();
  const [asked, setAsked] = useState<RunFile[]>([]);
  const { scroller, onScroll } = useStickToEnd([stored.length, run]);
  const missing = missingInputs(draft.variables, filled);
  const empty = stored.length === 0 && !run;

  const ask = async (text: string) => {
    if (live || !text.trim() || missing.length > 0) return;
    setQuestion("");
    const files = sees ? attachments.take() : [];
    setAsked(files);
    try {
      await flush();
      await send(text.trim(), inputsFor(draft.variables, filled), files.length > 0 ? { files: files.map((file) => file.id) } : {});
    } catch (reason) {
      setQuestion(text);
      attachments.put(files);
      notifyError(reason);
    }
  };

  return (
    <>
      <div className={classes.previewHead}>
        <Group gap="md" wrap="nowrap">
          <Text fw={600}>{t("build.preview")}</Text>
          {compare}
        </Group>
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
              <Markdown text={filledIn(draft.opening_statement, inputsFor(draft.variables, filled))} />
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
              <Question text={run.query} files={asked} />
              <Answer answer={answerOfLive(run)} reconnecting={run.reconnecting} />
            </>
          )}
        </div>
      </div>
      <Composer value={question} onChange={setQuestion} onSend={() => void ask(question)} onStop={() => void stop().catch(notifyError)} live={live} missing={missing} attachments={attachments} sees={sees} />
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
