/** The instructions: an editor that knows the variables, what they cost, and what has changed since the live version. */
import { Button, Group, Skeleton, Stack, Text, Tooltip } from "@mantine/core";
import { IconGitCompare } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { App } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import { unknownNames } from "@/shared/draft/references";
import { usePublished } from "@/shared/draft/useVersions";
import { formatCount } from "@/shared/format/numbers";
import { PromptAssistant } from "@/shared/prompting";
import classes from "./build.module.css";
import { useFieldError } from "./Section";
import { useGoToName } from "./useGoToName";
import { useOffered } from "./useOffered";
import { useTokenCount } from "./useTokenCount";
import { blankVariable } from "./variableModel";

const PromptEditor = lazy(() => import("./PromptEditor"));

export function PromptSection({ app }: { app: App }) {
  const { t } = useTranslation();
  const prompt = useDraft((state) => state.draft.prompt);
  const model = useDraft((state) => state.draft.model.id);
  const variables = useDraft((state) => state.draft.variables);
  const datasets = useDraft((state) => state.draft.datasets);
  const edit = useDraft((state) => state.edit);
  const error = useFieldError("prompt");
  const offered = useOffered(true);
  const goToName = useGoToName();
  const published = usePublished(app);
  const [compared, setCompared] = useState(false);
  const original = published?.config.prompt ?? null;
  const differs = original !== null && original !== prompt;
  return (
    <Stack gap="xs">
      <div className={classes.editor}>
        <Suspense fallback={<Skeleton height={160} radius={0} />}>
          <PromptEditor
            value={prompt}
            offered={offered}
            label={t("build.instructions")}
            placeholder={t("build.instructionsPlaceholder", { skipInterpolation: true })}
            original={compared && differs ? original : null}
            onChange={(next) => edit({ prompt: next })}
            onRename={goToName}
          />
        </Suspense>
        <Group className={classes.editorFoot} justify="space-between" gap="xs">
          <Tokens text={prompt} />
          <Group gap={4}>
            {differs && (
              <Button size="compact-xs" variant={compared ? "light" : "subtle"} color={compared ? "accent" : "gray"} leftSection={<IconGitCompare size={14} />} onClick={() => setCompared(!compared)} aria-pressed={compared}>
                {t("build.showChanges", { number: published?.number ?? 0 })}
              </Button>
            )}
            <PromptAssistant appId={app.id} model={model} prompt={prompt} variables={variables.map((variable) => variable.name)} onAccept={(next) => edit({ prompt: next })} />
          </Group>
        </Group>
      </div>
      {error && (
        <Text size="sm" c="var(--danger-text)" role="alert">
          {error}
        </Text>
      )}
      <UnknownVariables text={prompt} />
      <Text size="xs" c="dimmed">
        {datasets.length > 0 && !prompt.includes("{{#context#}}") ? t("build.contextHint", { skipInterpolation: true }) : t("build.variableHint", { skipInterpolation: true })} {variables.length > 0 && t("build.renameHint")}
      </Text>
    </Stack>
  );
}

function Tokens({ text }: { text: string }) {
  const { t, i18n } = useTranslation();
  const model = useDraft((state) => state.draft.model.id);
  const { tokens, exact } = useTokenCount(model, text);
  const count = formatCount(tokens, i18n.language);
  return (
    <Tooltip label={t(exact ? "build.tokensExact" : "build.tokensEstimated")}>
      <Text size="xs" c="dimmed" className="numbers">
        {t("build.tokens", { tokens: exact ? count : `≈ ${count}` })}
      </Text>
    </Tooltip>
  );
}

/** Names that a text uses and no variable has; one click makes them. */
export function UnknownVariables({ text }: { text: string }) {
  const { t } = useTranslation();
  const variables = useDraft((state) => state.draft.variables);
  const edit = useDraft((state) => state.edit);
  const unknown = unknownNames(text, variables.map((variable) => variable.name));
  if (unknown.length === 0) return null;
  return (
    <Group gap="xs">
      <Text size="sm" c="var(--danger-text)">
        {t("build.unknownVariables", { names: unknown.join(", ") })}
      </Text>
      <Button size="compact-xs" variant="light" onClick={() => edit({ variables: [...variables, ...unknown.map((name) => blankVariable(name))] })}>
        {t("build.addThem")}
      </Button>
    </Group>
  );
}
