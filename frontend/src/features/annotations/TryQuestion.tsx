/** Tries a question: which annotations are near, how near, and which of them would answer. */
import { Badge, Button, Group, Paper, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { ErrorState } from "@/shared/ui/states";
import classes from "./annotations.module.css";
import { useTry, type AnnotationSettings, type AnnotationTried } from "./queries";

interface TryQuestionProps {
  appId: string;
  settings: AnnotationSettings;
  onOpen: (annotationId: string) => void;
}

export function TryQuestion({ appId, settings, onOpen }: TryQuestionProps) {
  const { t } = useTranslation();
  const [question, setQuestion] = useState("");
  const trial = useTry(appId);
  const isReady = settings.embedding_model !== "" && settings.total > 0;
  const ask = (event: FormEvent) => {
    event.preventDefault();
    if (question.trim() && isReady) trial.mutate(question);
  };
  return (
    <Paper p="md">
      <Stack gap="sm" component="form" onSubmit={ask}>
        <Group align="flex-end" gap="xs" wrap="nowrap">
          <TextInput flex={1} label={t("annotations.try")} placeholder={t("annotations.tryHint")} maxLength={4_000} value={question} onChange={(event) => setQuestion(event.currentTarget.value)} />
          <Button type="submit" variant="default" disabled={!question.trim() || !isReady} loading={trial.isPending}>
            {t("annotations.tryGo")}
          </Button>
        </Group>
        {!isReady && (
          <Text size="sm" c="dimmed">
            {settings.total === 0 ? t("annotations.tryEmpty") : t("annotations.tryOff")}
          </Text>
        )}
        {trial.isError && <ErrorState error={trial.error} />}
        {trial.data && <Tried tried={trial.data} isOn={settings.is_on} onOpen={onOpen} />}
      </Stack>
    </Paper>
  );
}

function Tried({ tried, isOn, onOpen }: { tried: AnnotationTried; isOn: boolean; onOpen: (annotationId: string) => void }) {
  const { t } = useTranslation();
  const hit = tried.results.find((each) => each.is_hit);
  return (
    <Stack gap="xs" role="status">
      <Text size="sm" fw={500}>
        {hit ? t(isOn ? "annotations.wouldHit" : "annotations.wouldHitOff") : t("annotations.wouldMiss")}
      </Text>
      {tried.results.map((each) => (
        <UnstyledButton key={each.annotation.id} className={classes.near} data-hit={each.is_hit || undefined} onClick={() => onOpen(each.annotation.id)}>
          <Group gap="sm" wrap="nowrap" align="flex-start">
            <Badge variant={each.is_hit ? "filled" : "light"} color={each.is_hit ? "accent" : "gray"} className="numbers" style={{ flex: "none" }}>
              {each.score.toFixed(3)}
            </Badge>
            <div style={{ minWidth: 0 }}>
              <Text size="sm" lineClamp={2}>
                {each.annotation.question}
              </Text>
              <Text size="xs" c="dimmed" lineClamp={1}>
                {each.annotation.answer}
              </Text>
            </div>
          </Group>
        </UnstyledButton>
      ))}
    </Stack>
  );
}
