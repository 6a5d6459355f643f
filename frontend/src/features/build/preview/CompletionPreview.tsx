/** Inputs above, the output below: a completion app answers once and remembers nothing; the address keeps the run. */
import { Button, Group, Paper, Stack, Text } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStopFilled } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { App } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { useDraft } from "@/shared/draft/DraftContext";
import { notifyError } from "@/shared/ui/notify";
import classes from "../build.module.css";
import { Answer } from "./Answer";
import { AttachButton, AttachedFiles } from "./Attached";
import { useAttachments } from "./useAttachments";
import { useInAddress } from "./useInAddress";
import { useKeptRun } from "./useKeptRun";
import { useSees } from "./useSees";
import { inputsFor, missingInputs, VariableInputs, type Inputs } from "./VariableInputs";

export function CompletionPreview({ app, compare }: { app: App; compare: ReactNode }) {
  const { t } = useTranslation();
  const variables = useDraft((state) => state.draft.variables);
  const flush = useDraft((state) => state.flush);
  const [runId, keep] = useInAddress("run");
  const { run, answer, inputs, start, stop, live } = useKeptRun({ runId, keep });
  const [typed, setTyped] = useState<Inputs | null>(null);
  const filled = typed ?? inputs ?? {};
  const missing = missingInputs(variables, filled);
  const may = useMay();
  const sees = useSees();
  const attachments = useAttachments();
  const go = async () => {
    try {
      setTyped(filled);
      await flush();
      await start(app.id, {
        inputs: inputsFor(variables, filled),
        ...(sees && attachments.files.length > 0 ? { files: attachments.files.map((file) => file.id) } : {}),
      });
    } catch (reason) {
      notifyError(reason);
    }
  };
  return (
    <>
      <div className={classes.previewHead}>
        <Group gap="md" wrap="nowrap">
          <Text fw={600}>{t("build.preview")}</Text>
          {compare}
        </Group>
      </div>
      <div className={classes.scroll}>
        <Stack className={classes.thread}>
          <Paper p="md">
            <Stack>
              {variables.length === 0 ? (
                <Text size="sm" c="dimmed">
                  {t("build.completionHint")}
                </Text>
              ) : (
                <VariableInputs variables={variables} values={filled} onChange={setTyped} />
              )}
              {attachments.problem && (
                <Text size="sm" c="var(--danger-text)" role="alert">
                  {attachments.problem}
                </Text>
              )}
              <AttachedFiles files={attachments.files} onRemove={attachments.remove} />
              {!may.edit && (
                <Text size="sm" c="dimmed" role="note">
                  {t("build.readOnlyAsk")}
                </Text>
              )}
              <Group justify="space-between">
                <AttachButton attachments={attachments} sees={sees} />
                {live ? (
                  <Button variant="light" leftSection={<IconPlayerStopFilled size={16} />} onClick={() => void stop().catch(notifyError)}>
                    {t("build.stop")}
                  </Button>
                ) : (
                  <Button leftSection={<IconPlayerPlay size={16} />} onClick={() => void go()} disabled={!may.edit || missing.length > 0 || attachments.uploading !== ""}>
                    {t("build.run")}
                  </Button>
                )}
              </Group>
            </Stack>
          </Paper>
          {answer && <Answer answer={answer} reconnecting={run?.reconnecting ?? false} />}
        </Stack>
      </div>
    </>
  );
}
