/** Inputs above, the output below: a completion app answers once and remembers nothing. */
import { Button, Group, Paper, Stack, Text } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStopFilled } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { App } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import { useRun } from "@/shared/sse/useRun";
import { notifyError } from "@/shared/ui/notify";
import classes from "../build.module.css";
import { Answer } from "./Answer";
import { answerOfLive } from "./answerModel";
import { inputsFor, missingInputs, VariableInputs, type Inputs } from "./VariableInputs";

export function CompletionPreview({ app }: { app: App }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const variables = useDraft((state) => state.draft.variables);
  const flush = useDraft((state) => state.flush);
  const [filled, setFilled] = useState<Inputs>({});
  const { run, start, stop, live } = useRun(() => void client.invalidateQueries({ queryKey: ["runs"] }));
  const missing = missingInputs(variables, filled);
  const go = async () => {
    try {
      await flush();
      await start(app.id, { inputs: inputsFor(variables, filled) });
    } catch (reason) {
      notifyError(reason);
    }
  };
  return (
    <>
      <div className={classes.previewHead}>
        <Text fw={600}>{t("build.preview")}</Text>
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
                <VariableInputs variables={variables} values={filled} onChange={setFilled} />
              )}
              <Group justify="flex-end">
                {live ? (
                  <Button variant="light" leftSection={<IconPlayerStopFilled size={16} />} onClick={() => void stop().catch(notifyError)}>
                    {t("build.stop")}
                  </Button>
                ) : (
                  <Button leftSection={<IconPlayerPlay size={16} />} onClick={() => void go()} disabled={missing.length > 0}>
                    {t("build.run")}
                  </Button>
                )}
              </Group>
            </Stack>
          </Paper>
          {run && <Answer answer={answerOfLive(run)} reconnecting={run.reconnecting} />}
        </Stack>
      </div>
    </>
  );
}
