/** Writes down what this run should have answered; the next question like it gets that. */
import { Button } from "@mantine/core";
import { IconEdit } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunDetail } from "@/shared/api/runTypes";
import { AnnotationEditor } from "@/shared/annotations/AnnotationEditor";
import { useAnnotationOfRun, writingOf } from "@/shared/annotations/annotations";

export function Correct({ run, appId }: { run: RunDetail; appId: string }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const known = useAnnotationOfRun(appId, run.id, open);
  const fresh = { id: null, runId: run.id, question: run.query ?? "", answer: run.answer ?? "" };
  const writing = open && !known.isPending ? (known.data ? writingOf(known.data) : fresh) : null;
  return (
    <>
      <Button size="xs" variant="default" leftSection={<IconEdit size={14} />} loading={open && known.isPending} onClick={() => setOpen(true)}>
        {t("annotations.correct")}
      </Button>
      <AnnotationEditor appId={appId} writing={writing} title={t("annotations.correct")} onClose={() => setOpen(false)} />
    </>
  );
}
