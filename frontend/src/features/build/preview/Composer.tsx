/** Where the question is written: Enter sends, Shift+Enter breaks the line, while it answers the button stops. */
import { ActionIcon, Text, Textarea, Tooltip } from "@mantine/core";
import { IconArrowUp, IconPlayerStopFilled } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Variable } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import classes from "../build.module.css";
import { AttachButton, AttachedFiles } from "./Attached";
import type { Attachments } from "./useAttachments";

interface ComposerProps {
  value: string;
  onChange: (value: string) => void;
  onSend: () => void;
  onStop: () => void;
  live: boolean;
  missing: Variable[];
  /** Nothing is asked but the variables: what runs is the form. */
  withoutText?: boolean;
  /** What goes along with the question; `sees` says whether the model takes images. */
  attachments?: Attachments;
  sees?: boolean;
}

export function Composer({ value, onChange, onSend, onStop, live, missing, withoutText = false, attachments, sees = false }: ComposerProps) {
  const { t } = useTranslation();
  const may = useMay();
  const waits = attachments !== undefined && attachments.uploading !== "";
  if (!may.edit) {
    return (
      <Text size="sm" c="dimmed" ta="center" p="md" role="note">
        {t("build.readOnlyAsk")}
      </Text>
    );
  }
  return (
    <div className={classes.composer}>
      {missing.length > 0 && (value !== "" || withoutText) && (
        <Text size="sm" c="dimmed" ta="center" mb={6} role="status">
          {t("build.fillIn", { names: missing.map((variable) => variable.label || variable.name).join(", ") })}
        </Text>
      )}
      {attachments && <AttachedAbove attachments={attachments} />}
      <div className={classes.composerBox}>
        {attachments && !withoutText && <AttachButton attachments={attachments} sees={sees} />}
        {withoutText ? (
          <Text size="sm" c="dimmed" flex={1} py={6}>
            {t("build.runAllHint")}
          </Text>
        ) : (
          <Textarea
            className={classes.composerInput}
            aria-label={t("build.askLabel")}
            placeholder={t("build.askPlaceholder")}
            autosize
            minRows={1}
            maxRows={8}
            value={value}
            onChange={(event) => onChange(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              if (!waits) onSend();
            }}
          />
        )}
        {live ? (
          <Tooltip label={t("build.stop")}>
            <ActionIcon size={34} radius="md" variant="light" color="accent" onClick={onStop} aria-label={t("build.stop")}>
              <IconPlayerStopFilled size={16} />
            </ActionIcon>
          </Tooltip>
        ) : (
          <Tooltip label={t("build.send")}>
            <ActionIcon size={34} radius="md" color="accent" onClick={onSend} disabled={(value.trim() === "" && !withoutText) || missing.length > 0 || waits} aria-label={t("build.send")}>
              <IconArrowUp size={18} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
    </div>
  );
}

function AttachedAbove({ attachments }: { attachments: Attachments }) {
  const { files, problem, remove } = attachments;
  if (files.length === 0 && !problem) return null;
  return (
    <div className={classes.attachedAbove}>
      {problem && (
        <Text size="sm" c="var(--danger-text)" role="alert">
          {problem}
        </Text>
      )}
      <AttachedFiles files={files} onRemove={remove} />
    </div>
  );
}
