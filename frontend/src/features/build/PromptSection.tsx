/** The instructions: an editor that knows the variables, loaded when it is shown. */
import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "@/shared/draft/DraftContext";
import classes from "./build.module.css";
import { unknownNames } from "./promptSyntax";
import { useFieldError } from "./Section";
import { blankVariable } from "./VariablesSection";

const PromptEditor = lazy(() => import("./PromptEditor"));

export function PromptSection() {
  const { t } = useTranslation();
  const prompt = useDraft((state) => state.draft.prompt);
  const variables = useDraft((state) => state.draft.variables);
  const datasets = useDraft((state) => state.draft.datasets);
  const edit = useDraft((state) => state.edit);
  const error = useFieldError("prompt");
  const names = useMemo(() => variables.map((variable) => variable.name), [variables]);
  const unknown = unknownNames(prompt, names);
  return (
    <Stack gap="xs">
      <div className={classes.editor}>
        <Suspense fallback={<Skeleton height={160} radius={0} />}>
          <PromptEditor value={prompt} names={names} label={t("build.instructions")} placeholder={t("build.instructionsPlaceholder", { skipInterpolation: true })} onChange={(next) => edit({ prompt: next })} />
        </Suspense>
      </div>
      {error && unknown.length === 0 && (
        <Text size="sm" c="red" role="alert">
          {error}
        </Text>
      )}
      {unknown.length > 0 && (
        <Group gap="xs">
          <Text size="sm" c="red">
            {t("build.unknownVariables", { names: unknown.join(", ") })}
          </Text>
          <Button size="compact-xs" variant="light" onClick={() => edit({ variables: [...variables, ...unknown.map((name) => blankVariable(name))] })}>
            {t("build.addThem")}
          </Button>
        </Group>
      )}
      <Text size="xs" c="dimmed">
        {datasets.length > 0 && !prompt.includes("{{#context#}}") ? t("build.contextHint", { skipInterpolation: true }) : t("build.variableHint", { skipInterpolation: true })}
      </Text>
    </Stack>
  );
}
