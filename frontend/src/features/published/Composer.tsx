/** Where the question is written, with its files: Enter sends, Shift+Enter breaks the line; while it answers, it stops. */
import { ActionIcon, FileButton, Group, Loader, Text, Textarea, Tooltip } from "@mantine/core";
import { IconArrowUp, IconFile, IconPaperclip, IconPlayerStopFilled, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { SiteVariable } from "@/shared/site/types";
import type { FileShown } from "./api";
import { acceptOf, useUploads } from "./form/useUploads";
import classes from "./published.module.css";
import { useVisit } from "./SiteContext";

interface ComposerProps {
  value: string;
  onChange: (value: string) => void;
  files: FileShown[];
  onFiles: (files: FileShown[]) => void;
  onSend: () => void;
  onStop: () => void;
  live: boolean;
  missing: SiteVariable[];
}

export function Composer({ value, onChange, files, onFiles, onSend, onStop, live, missing }: ComposerProps) {
  const { t } = useTranslation();
  const { offer } = useVisit();
  const [problem, setProblem] = useState("");
  const { upload, uploading } = useUploads(setProblem);
  const room = offer.files.max_files - files.length;
  const add = async (chosen: File[]) => {
    setProblem(chosen.length > room ? t("published.errors.tooManyFiles", { number: offer.files.max_files }) : "");
    const kept = await upload(chosen.slice(0, room));
    onFiles([...files, ...kept]);
  };
  const waits = uploading !== "";
  const note = problem || (missing.length > 0 && value !== "" ? t("published.fillIn", { names: missing.map((item) => item.label).join(", ") }) : "");
  return (
    <div className={classes.composer}>
      {note && (
        <Text size="sm" c="dimmed" ta="center" mb={6} role="status">
          {note}
        </Text>
      )}
      <div className={classes.composerBox}>
        {(files.length > 0 || waits) && (
          <Group gap={6} className={classes.attached}>
            {files.map((file) => (
              <span key={file.id} className={classes.chip}>
                <IconFile size={14} />
                <span className={classes.chipName}>{file.name}</span>
                <ActionIcon size={18} variant="subtle" onClick={() => onFiles(files.filter((each) => each !== file))} aria-label={t("published.removeFile", { name: file.name })}>
                  <IconX size={12} />
                </ActionIcon>
              </span>
            ))}
            {waits && (
              <span className={classes.chip} role="status">
                <Loader size={12} /> <span className={classes.chipName}>{t("published.uploading", { name: uploading })}</span>
              </span>
            )}
          </Group>
        )}
        <div className={classes.composerLine}>
          {offer.files.with_question && (
            <FileButton multiple accept={acceptOf(offer.files)} onChange={(chosen) => void add(chosen)}>
              {(props) => (
                <Tooltip label={t("published.attach")}>
                  <ActionIcon {...props} size={36} variant="subtle" disabled={room <= 0 || waits} aria-label={t("published.attach")}>
                    <IconPaperclip size={18} />
                  </ActionIcon>
                </Tooltip>
              )}
            </FileButton>
          )}
          <Textarea
            className={classes.composerInput}
            aria-label={t("published.message")}
            placeholder={offer.placeholder || t("published.placeholder")}
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
          {live ? (
            <Tooltip label={t("published.stop")}>
              <ActionIcon size={36} variant="light" color="accent" onClick={onStop} aria-label={t("published.stop")}>
                <IconPlayerStopFilled size={16} />
              </ActionIcon>
            </Tooltip>
          ) : (
            <Tooltip label={t("published.send")}>
              <ActionIcon size={36} variant="filled" color="accent" onClick={onSend} disabled={value.trim() === "" || missing.length > 0 || waits} aria-label={t("published.send")}>
                <IconArrowUp size={18} />
              </ActionIcon>
            </Tooltip>
          )}
        </div>
      </div>
    </div>
  );
}
