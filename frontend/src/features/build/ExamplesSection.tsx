/** A few questions with the answers they should get: they show the model the tone and the form better than rules. */
import { ActionIcon, Button, Group, Paper, Skeleton, Stack, Text } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Example } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import classes from "./build.module.css";
import { ExampleSuggestions } from "./ExampleSuggestions";
import { UnknownVariables } from "./PromptSection";
import { useFieldError } from "./Section";
import { useGoToName } from "./useGoToName";
import { useOffered } from "./useOffered";

const PromptEditor = lazy(() => import("./PromptEditor"));
const MAX_EXAMPLES = 50;
const BLANK: Example = { user: "", assistant: "" };

export function ExamplesSection() {
  const { t } = useTranslation();
  const examples = useDraft((state) => state.draft.examples);
  const edit = useDraft((state) => state.edit);
  const error = useFieldError("examples");
  const change = (index: number, next: Partial<Example>) => edit({ examples: examples.map((example, at) => (at === index ? { ...example, ...next } : example)) });
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {t("build.examplesText")}
      </Text>
      {error && (
        <Text size="sm" c="var(--danger-text)" role="alert">
          {error}
        </Text>
      )}
      {examples.map((example, index) => (
        <ExampleCard key={`${index} of ${examples.length}`} number={index + 1} example={example} onChange={(next) => change(index, next)} onRemove={() => edit({ examples: examples.filter((_, at) => at !== index) })} />
      ))}
      <ExampleSuggestions examples={examples} onAdd={(example) => edit({ examples: [...examples, example] })} isFull={examples.length >= MAX_EXAMPLES} />
      <Group>
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} />} onClick={() => edit({ examples: [...examples, BLANK] })} disabled={examples.length >= MAX_EXAMPLES}>
          {t("build.addExample")}
        </Button>
      </Group>
    </Stack>
  );
}

interface ExampleCardProps {
  number: number;
  example: Example;
  onChange: (next: Partial<Example>) => void;
  onRemove: () => void;
}

function ExampleCard({ number, example, onChange, onRemove }: ExampleCardProps) {
  const { t } = useTranslation();
  const half = (example.user.trim() === "") !== (example.assistant.trim() === "");
  return (
    <Paper p="sm" role="group" aria-label={t("build.exampleNumber", { number })}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" fw={500}>
            {t("build.exampleNumber", { number })}
          </Text>
          <ActionIcon variant="subtle" onClick={onRemove} aria-label={t("build.removeExample", { number })}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
        <ExampleText role="user" text={example.user} onChange={(user) => onChange({ user })} />
        <ExampleText role="assistant" text={example.assistant} onChange={(assistant) => onChange({ assistant })} />
        {half && (
          <Text size="xs" c="dimmed">
            {t("build.exampleHalf")}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}

function ExampleText({ role, text, onChange }: { role: keyof Example; text: string; onChange: (text: string) => void }) {
  const { t } = useTranslation();
  const offered = useOffered(false);
  const goToName = useGoToName();
  return (
    <Stack gap={4}>
      <Text size="xs" c="dimmed">
        {t(`build.exampleRoles.${role}`)}
      </Text>
      <div className={classes.editor}>
        <Suspense fallback={<Skeleton height={44} radius={0} />}>
          <PromptEditor value={text} offered={offered} label={t(`build.exampleRoles.${role}`)} placeholder={t(`build.examplePlaceholders.${role}`)} minHeight={24} onChange={onChange} onRename={goToName} />
        </Suspense>
      </div>
      <UnknownVariables text={text} />
    </Stack>
  );
}
