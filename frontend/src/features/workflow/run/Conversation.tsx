/** What a run has said: the conversation of a chatflow, the outputs of a workflow, why it was refused or failed. */
import { Button, Stack } from "@mantine/core";
import { IconMessagePlus } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/shared/api/client";
import { useGraphDraft } from "@/shared/draft/DraftContext";
import { JsonTree } from "@/shared/ui/JsonTree";
import { Markdown } from "@/shared/ui/markdown/Markdown";
import { ErrorState } from "@/shared/ui/states";
import classes from "../builder.module.css";
import { useRunState } from "./RunContext";
import { Questions } from "./Questions";
import { answerOf, type GraphRun } from "./runModel";

interface Turn {
  query: string;
  answer: string;
}

export function Conversation() {
  const { t } = useTranslation();
  const { run, query, live, clear } = useRunState((state) => state);
  const opening = useGraphDraft((state) => state.draft.features.opening_statement);
  const [turns, setTurns] = useState<{ conversation: string; list: Turn[] }>({ conversation: "", list: [] });
  const ended = run && !live && query && run.runId ? run : null;
  useEffect(() => {
    if (!ended) return;
    const turn = { query, answer: answerOf(ended) };
    // What was said stays when the next question replaces the run.
    return () => setTurns((before) => ({ conversation: ended.conversationId, list: before.conversation === ended.conversationId ? [...before.list, turn] : [turn] }));
  }, [ended, query]);
  const isSame = !run || turns.conversation === "" || run.conversationId === "" || run.conversationId === turns.conversation;
  const earlier = isSame ? turns.list : [];
  return (
    <Stack gap="sm" mb="md" aria-live="polite">
      {typeof opening === "string" && opening !== "" && <Markdown text={opening} />}
      {earlier.map((turn, index) => (
        <Stack key={index} gap="xs">
          <div className={classes.question}>{turn.query}</div>
          <Markdown text={turn.answer} />
        </Stack>
      ))}
      {query && <div className={classes.question}>{query}</div>}
      {run && query && <Markdown text={answerOf(run)} />}
      <Questions />
      <Failure run={run} />
      {(earlier.length > 0 || (run && !live)) && (
        <Button
          size="compact-xs"
          variant="subtle"
          style={{ alignSelf: "flex-start" }}
          leftSection={<IconMessagePlus size={14} />}
          disabled={live}
          onClick={() => {
            clear();
            setTimeout(() => setTurns({ conversation: "", list: [] }));
          }}
        >
          {t("build.newConversation")}
        </Button>
      )}
    </Stack>
  );
}

export function Result() {
  const { t } = useTranslation();
  const run = useRunState((state) => state.run);
  const live = useRunState((state) => state.live);
  const texts = Object.entries(run?.outputs ?? {});
  const only = texts.length === 1 && typeof texts[0]?.[1] === "string" ? texts[0][1] : null;
  return (
    <Stack gap="sm" mt="md" aria-live="polite">
      <Failure run={run} />
      <Questions />
      {run && live && run.shown !== "" && <Markdown text={run.shown} />}
      {run?.outputs && only !== null && <Markdown text={only} />}
      {run?.outputs && only === null && <JsonTree label={t("runs.outputs")} value={run.outputs} />}
    </Stack>
  );
}

function Failure({ run }: { run: GraphRun | null }) {
  const refused = useRunState((state) => state.refused);
  if (refused) return <ErrorState error={refused} />;
  return run?.error ? <ErrorState error={new ApiError(0, run.error.code, run.error.message)} /> : null;
}
