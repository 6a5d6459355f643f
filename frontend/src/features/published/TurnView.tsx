/** A question and its answer: steps, text with citations, what it asks back, sources, and what to do with it. */
import { ActionIcon, Alert, Button, Group, Loader, Text, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconFile, IconRefresh } from "@tabler/icons-react";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { CopyButton } from "@/shared/ui/bits";
import { Markdown } from "@/shared/ui/markdown/Markdown";
import { Asks } from "./Asks";
import { Passages } from "./Passages";
import classes from "./published.module.css";
import { Rate } from "./Rate";
import { Result } from "./form/Result";
import { Steps } from "./Steps";
import { isLiveTurn, wordsOfTurn, type Turn } from "./turn";
import { wordsOf } from "./words";

interface TurnViewProps {
  turn: Turn;
  last: boolean;
  /** A form's outputs in place of one text. */
  asResult?: boolean;
  onAgain?: () => void;
  onAnswered: (runId: string, query: string) => void;
}

export function TurnView({ turn, last, asResult = false, onAgain, onAnswered }: TurnViewProps) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState<number | null>(null);
  const open = useCallback((position: number) => setOpened((now) => (now === position ? null : position)), []);
  const live = isLiveTurn(turn);
  const words = wordsOfTurn(turn);
  const structured = asResult && turn.status === "succeeded" && Object.keys(turn.outputs).length > 0;
  return (
    <>
      {!asResult && turn.query && <div className={classes.question}>{turn.query}</div>}
      {!asResult && turn.files.length > 0 && (
        <Group gap={6} justify="flex-end" mt={-10}>
          {turn.files.map((file) => (
            <span key={file.id} className={classes.chip}>
              <IconFile size={14} /> {file.name}
            </span>
          ))}
        </Group>
      )}
      <article className={classes.answer} aria-label={t("published.answer")} aria-busy={live}>
        <Steps steps={turn.steps} live={live} />
        {structured ? (
          <Result outputs={turn.outputs} positions={turn.sources} onCite={open} />
        ) : (
          turn.text && <Markdown text={turn.text} positions={turn.sources.map((source) => source.position)} onCite={open} />
        )}
        {live && !turn.text && <Waiting label={t(turn.status === "queued" ? "published.queued" : "published.thinking")} />}
        {live && turn.text !== "" && <span className={`${classes.cursor} pulse`} aria-hidden />}
        {turn.reconnecting && <Waiting label={t("published.reconnecting")} />}
        {turn.status === "cancelled" && (
          <Text size="sm" c="dimmed" mt="xs">
            {t("published.stopped")}
          </Text>
        )}
        {turn.error && (
          <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} mt="xs" role="alert">
            <Text size="sm">{wordsOf(t, turn.error, turn.retryAfterS)}</Text>
            {last && onAgain && (
              <Button size="xs" variant="default" mt="xs" leftSection={<IconRefresh size={14} />} onClick={onAgain}>
                {t("published.tryAgain")}
              </Button>
            )}
          </Alert>
        )}
        {turn.id !== null && <Asks runId={turn.id} asks={turn.asks} onAnswered={() => onAnswered(turn.id ?? "", turn.query)} />}
        <Passages runId={turn.id} passages={turn.sources} opened={opened} onOpen={open} />
        {!live && turn.id !== null && !turn.error && turn.status !== "paused" && (
          <Group gap={2} mt={6} className={classes.actions}>
            {words && <CopyButton value={words} label={t("published.copy")} />}
            <Rate key={turn.id} runId={turn.id} initial={turn.rating} />
            {last && onAgain && (
              <Tooltip label={t("published.again")}>
                <ActionIcon variant="subtle" onClick={onAgain} aria-label={t("published.again")}>
                  <IconRefresh size={16} />
                </ActionIcon>
              </Tooltip>
            )}
          </Group>
        )}
      </article>
    </>
  );
}

function Waiting({ label }: { label: string }) {
  return (
    <Group gap="xs" role="status" py={4}>
      <Loader size={14} />
      <Text size="sm" c="dimmed">
        {label}
      </Text>
    </Group>
  );
}
