/** What a column shows: a conversation, or the one answer of an app without them. Both take a question from outside. */
import { Text } from "@mantine/core";
import { useCallback, useImperativeHandle, type Ref } from "react";
import { useTranslation } from "react-i18next";
import type { App } from "@/shared/api/types";
import type { RunRequest } from "@/shared/sse/runStream";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";
import classes from "../build.module.css";
import { Answer } from "../preview/Answer";
import { answerOfLive } from "../preview/answerModel";
import { StoredTurn } from "../preview/StoredTurn";
import { useConversation } from "../preview/useConversation";
import { useKeptRun } from "../preview/useKeptRun";
import { useStickToEnd } from "../preview/useStickToEnd";
import type { Inputs } from "../preview/VariableInputs";
import type { Column } from "./columns";

export interface Thread {
  send: (query: string, inputs: Inputs, variant: Pick<RunRequest, "version" | "overrides">) => Promise<void>;
  stop: () => Promise<void>;
  clear: () => void;
}

interface ThreadProps {
  app: App;
  column: Column;
  keep: (kept: Pick<Column, "conversation" | "run">) => void;
  thread: Ref<Thread>;
}

export function ConversationThread({ app, column, keep, thread }: ThreadProps) {
  const { t } = useTranslation();
  const select = useCallback((id: string | null) => keep({ conversation: id ?? undefined }), [keep]);
  const conversationId = column.conversation ?? null;
  const { messages, stored, run, send, stop, open } = useConversation({ appId: app.id, conversationId, select });
  const { scroller, onScroll } = useStickToEnd([stored.length, run]);
  useImperativeHandle(thread, () => ({ send, stop, clear: () => open(null) }), [send, stop, open]);
  return (
    <div className={classes.columnThread} ref={scroller} onScroll={onScroll} tabIndex={0} role="log" aria-label={t("build.columnAnswers", { column: column.key })}>
      {stored.length === 0 && !run && !messages.isLoading && <Nothing />}
      {messages.isLoading && !run && <RowsSkeleton rows={2} height={72} />}
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
  );
}

export function RunThread({ app, column, keep, thread }: ThreadProps) {
  const { t } = useTranslation();
  const keepRun = useCallback((id: string | null) => keep({ run: id ?? undefined }), [keep]);
  const { run, answer, start, stop, clear } = useKeptRun({ runId: column.run ?? null, keep: keepRun });
  useImperativeHandle(
    thread,
    () => ({
      send: (_, inputs, variant) => start(app.id, { inputs, ...variant }),
      stop,
      clear: () => {
        clear();
        keepRun(null);
      },
    }),
    [app.id, start, stop, clear, keepRun],
  );
  return (
    <div className={classes.columnThread} tabIndex={0} role="log" aria-label={t("build.columnAnswers", { column: column.key })}>
      {answer ? <Answer answer={answer} reconnecting={run?.reconnecting ?? false} /> : <Nothing />}
    </div>
  );
}

function Nothing() {
  const { t } = useTranslation();
  return (
    <Text size="sm" c="dimmed" ta="center" py="xl">
      {t("build.columnEmpty")}
    </Text>
  );
}
