/** Where the question is written: Enter sends, Shift+Enter breaks the line, while it answers the button stops. */
import { ActionIcon, Text, Textarea, Tooltip } from "@mantine/core";
import { IconArrowUp, IconPlayerStopFilled } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Variable } from "@/shared/api/types";
import classes from "../build.module.css";

interface ComposerProps {
  value: string;
  onChange: (value: string) => void;
  onSend: () => void;
  onStop: () => void;
  live: boolean;
  missing: Variable[];
}

export function Composer({ value, onChange, onSend, onStop, live, missing }: ComposerProps) {
  const { t } = useTranslation();
  return (
    <div className={classes.composer}>
      {missing.length > 0 && value !== "" && (
        <Text size="sm" c="dimmed" ta="center" mb={6} role="status">
          {t("build.fillIn", { names: missing.map((variable) => variable.label || variable.name).join(", ") })}
        </Text>
      )}
      <div className={classes.composerBox}>
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
            onSend();
          }}
        />
        {live ? (
          <Tooltip label={t("build.stop")}>
            <ActionIcon size={34} radius="md" variant="light" color="accent" onClick={onStop} aria-label={t("build.stop")}>
              <IconPlayerStopFilled size={16} />
            </ActionIcon>
          </Tooltip>
        ) : (
          <Tooltip label={t("build.send")}>
            <ActionIcon size={34} radius="md" color="accent" onClick={onSend} disabled={value.trim() === "" || missing.length > 0} aria-label={t("build.send")}>
              <IconArrowUp size={18} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
    </div>
  );
}
