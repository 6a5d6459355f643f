/** An answer: steps, text with citations, sources, what went wrong, tokens and times. */
import { Alert, Anchor, Group, Loader, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { formatCount, formatDuration, formatUsd } from "@/shared/format/numbers";
import { isLive } from "@/shared/sse/runView";
import { CopyButton } from "@/shared/ui/bits";
import { errorTextOf } from "@/shared/ui/errorText";
import { JsonTree } from "@/shared/ui/JsonTree";
import { Markdown } from "@/shared/ui/markdown/Markdown";
import { FeedbackButtons } from "@/shared/ui/run/Feedback";
import { PassageDrawer, Sources } from "@/shared/ui/run/Sources";
import { RunNumbers, Steps } from "@/shared/ui/run/Steps";
import classes from "../build.module.css";
import { jsonAnswer } from "../outputSchema";
import type { AnswerModel } from "./answerModel";

const JSON_LEVELS = 3;

interface AnswerProps {
  answer: AnswerModel;
  reconnecting?: boolean;
}

export function Answer({ answer, reconnecting = false }: AnswerProps) {
  const { t } = useTranslation();
  const [openSource, setOpenSource] = useState<number | null>(null);
  const open = useCallback((position: number) => setOpenSource(position), []);
  const live = isLive(answer.status);
  const json = useMemo(() => (live ? undefined : jsonAnswer(answer.text)), [live, answer.text]);
  return (
    <article className={classes.answer} aria-label={t("build.answer")} aria-busy={live}>
      <Steps steps={answer.steps} live={live} />
      {json !== undefined && <JsonTree value={json} label={t("build.answerJson")} openTo={JSON_LEVELS} />}
      {answer.text && json === undefined && <Markdown text={answer.text} positions={answer.sources.map((source) => source.position)} onCite={open} />}
      {live && !answer.text && <Waiting label={t(answer.status === "queued" ? "build.queued" : "build.thinking")} />}
      {live && answer.text !== "" && <span className={`${classes.cursor} pulse`} aria-hidden />}
      {reconnecting && <Waiting label={t("build.reconnecting")} />}
      {answer.status === "cancelled" && (
        <Text size="sm" c="dimmed" mt="xs">
          {t("build.stopped")}
        </Text>
      )}
      {answer.error && <AnswerError {...answer.error} />}
      <Sources sources={answer.sources} onOpen={open} />
      <PassageDrawer source={answer.sources.find((source) => source.position === openSource) ?? null} onClose={() => setOpenSource(null)} />
      {!live && <AnswerFoot answer={answer} />}
    </article>
  );
}

function Waiting({ label }: { label: string }) {
  return (
    <Group gap="xs" role="status">
      <Loader size={14} />
      <Text size="sm" c="dimmed">
        {label}
      </Text>
    </Group>
  );
}

function AnswerError({ code, message }: { code: string; message: string }) {
  const { t } = useTranslation();
  const { title, detail } = errorTextOf(t, code, message);
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={title} mt="xs" role="alert">
      {detail}
    </Alert>
  );
}

function AnswerFoot({ answer }: { answer: AnswerModel }) {
  const { t, i18n } = useTranslation();
  const route = useRoute();
  if (answer.runId === null) return null;
  return (
    <Group justify="space-between" mt="xs" gap="xs">
      <RunNumbers
        parts={[
          answer.tokens === null ? null : t("build.tokens", { tokens: formatCount(answer.tokens, i18n.language) }),
          answer.ttftMs === null ? null : t("build.firstToken", { time: formatDuration(answer.ttftMs) }),
          answer.elapsedMs === null ? null : t("build.total", { time: formatDuration(answer.elapsedMs) }),
          answer.cost === null ? null : formatUsd(answer.cost),
        ]}
      />
      <Group gap={4}>
        {answer.text && <CopyButton value={answer.text} label={t("build.copyAnswer")} />}
        <FeedbackButtons key={answer.runId} runId={answer.runId} initial={answer.rating} />
        <Anchor component={Link} to={route(`runs/${answer.runId}`)} size="xs">
          {t("build.trace")}
        </Anchor>
      </Group>
    </Group>
  );
}
