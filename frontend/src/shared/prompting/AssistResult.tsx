/** What the model writes: the text as it comes, then what changed, what is wrong with it, and the way to use it. */
import { Alert, Anchor, Box, Button, Group, SegmentedControl, Skeleton, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { formatCount, formatDuration, formatUsd } from "@/shared/format/numbers";
import { ErrorState } from "@/shared/ui/states";
import classes from "./prompting.module.css";
import type { useAssist, Written } from "./useAssist";

const TextDiff = lazy(() => import("@/shared/draft/TextDiff"));

interface AssistResultProps {
  before: string;
  assist: ReturnType<typeof useAssist>;
  onAccept: (prompt: string) => void;
}

export function AssistResult({ before, assist, onAccept }: AssistResultProps) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<"changes" | "text">("changes");
  const { written, error, text, live, view } = assist;
  if (error) return <ErrorState error={error} />;
  if (!view) return null;
  if (!written) {
    return (
      <Box className={classes.text} role="status" aria-live="off" aria-busy={live} aria-label={t("prompts.assist.result")}>
        {text || <Skeleton height={14} width="60%" />}
      </Box>
    );
  }
  if (written.problem) {
    return (
      <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} title={t("prompts.assist.nothing")} role="alert">
        {t(`prompts.assist.problems.${written.problem}`)}
      </Alert>
    );
  }
  const compares = before.trim() !== "";
  return (
    <Stack gap="sm">
      {compares && (
        <SegmentedControl
          size="xs"
          w="fit-content"
          aria-label={t("prompts.assist.show")}
          data={[
            { value: "changes", label: t("prompts.assist.changes") },
            { value: "text", label: t("prompts.assist.text") },
          ]}
          value={shown}
          onChange={(next) => setShown(next === "text" ? "text" : "changes")}
        />
      )}
      {compares && shown === "changes" ? (
        <Box className={classes.diff}>
          <Suspense fallback={<Skeleton height={120} radius={0} />}>
            <TextDiff before={before} after={written.text} label={t("prompts.assist.changes")} />
          </Suspense>
        </Box>
      ) : (
        <Box className={classes.text} role="region" aria-label={t("prompts.assist.result")} tabIndex={0}>
          {written.text}
        </Box>
      )}
      <Warnings written={written} />
      <Group justify="space-between">
        <Spent assist={assist} />
        <Button onClick={() => onAccept(written.text)}>{t("prompts.assist.use")}</Button>
      </Group>
    </Stack>
  );
}

function Warnings({ written }: { written: Written }) {
  const { t } = useTranslation();
  const said = [
    written.is_cut && t("prompts.assist.cut"),
    written.missing.length > 0 && t("prompts.assist.missing", { names: written.missing.join(", "), skipOnVariables: true }),
    written.unknown.length > 0 && t("prompts.assist.unknown", { names: written.unknown.map((name) => `{{${name}}}`).join(", "), skipOnVariables: true }),
  ].filter((line) => line !== false);
  return (
    <Stack gap={4} role="status">
      {said.map((line) => (
        <Group key={line} gap={6} wrap="nowrap" align="flex-start" c="yellow">
          <IconAlertTriangle size={16} style={{ flex: "none", marginTop: 2 }} aria-hidden />
          <Text size="sm" c="var(--mantine-color-text)">
            {line}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}

function Spent({ assist: { view } }: { assist: ReturnType<typeof useAssist> }) {
  const { t } = useTranslation();
  const route = useRoute();
  if (!view?.runId) return <span />;
  const parts = [
    view.usage && t("prompts.assist.tokens", { tokens: formatCount(view.usage.prompt_tokens + view.usage.completion_tokens) }),
    view.elapsedMs !== null && formatDuration(view.elapsedMs),
    view.cost !== null && Number(view.cost) > 0 && formatUsd(view.cost),
  ].filter(Boolean);
  return (
    <Text size="xs" c="dimmed">
      {parts.join(" · ")}{" "}
      <Anchor component={Link} to={route(`runs/${view.runId}`)} size="xs">
        {t("prompts.assist.run")}
      </Anchor>
    </Text>
  );
}
