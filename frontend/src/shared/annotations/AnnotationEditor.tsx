/** A dialog with a question and the answer that is to be given to it. */
import { Button, Group, Modal, Stack, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { notifyDone } from "@/shared/ui/notify";
import { ErrorState } from "@/shared/ui/states";
import { useWrite, type Writing } from "./annotations";

interface AnnotationEditorProps {
  appId: string;
  writing: Writing | null;
  title: string;
  onClose: () => void;
}

export function AnnotationEditor({ writing, title, ...rest }: AnnotationEditorProps) {
  return (
    <Modal opened={writing !== null} onClose={rest.onClose} title={title} size="lg">
      {writing && <Form key={`${writing.id} ${writing.runId}`} writing={writing} {...rest} />}
    </Modal>
  );
}

function Form({ appId, writing, onClose }: { appId: string; writing: Writing; onClose: () => void }) {
  const { t } = useTranslation();
  const [question, setQuestion] = useState(writing.question);
  const [answer, setAnswer] = useState(writing.answer);
  const write = useWrite(appId);
  const isSame = writing.id !== null && question === writing.question && answer === writing.answer;
  const save = () =>
    write.mutate(
      { ...writing, question, answer },
      {
        onSuccess: () => {
          notifyDone(t("annotations.saved"));
          onClose();
        },
      },
    );
  return (
    <Stack>
      <Textarea label={t("annotations.question")} description={t("annotations.questionHint")} autosize minRows={2} maxRows={6} maxLength={4_000} required value={question} onChange={(event) => setQuestion(event.currentTarget.value)} data-autofocus={!writing.question || undefined} />
      <Textarea label={t("annotations.answer")} description={t("annotations.answerHint")} autosize minRows={5} maxRows={16} maxLength={50_000} required value={answer} onChange={(event) => setAnswer(event.currentTarget.value)} data-autofocus={Boolean(writing.question) || undefined} />
      {write.isError && <ErrorState error={write.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button loading={write.isPending} disabled={!question.trim() || !answer.trim() || isSame} onClick={save}>
          {t("common.save")}
        </Button>
      </Group>
    </Stack>
  );
}
