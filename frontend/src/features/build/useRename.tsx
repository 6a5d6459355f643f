/** Renames a variable in all texts of the draft together and says so, with an undo. */
import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useDraft, useDraftNow } from "@/shared/draft/DraftContext";
import { renamed, usesOf } from "@/shared/draft/references";

const NEWS_MS = 8_000;

export function useRename() {
  const { t } = useTranslation();
  const edit = useDraft((state) => state.edit);
  const now = useDraftNow();
  return useCallback(
    (from: string, to: string) => {
      const places = usesOf(now(), from);
      edit(renamed(now(), from, to));
      if (places === 0) return;
      const id = `rename-${from}-${to}`;
      const undo = () => {
        edit(renamed(now(), to, from));
        notifications.hide(id);
      };
      notifications.show({
        id,
        autoClose: NEWS_MS,
        withBorder: true,
        color: "accent",
        message: (
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {t("build.renamed", { from, to, count: places })}
            </Text>
            <Button size="compact-xs" variant="light" onClick={undo}>
              {t("build.undo")}
            </Button>
          </Group>
        ),
      });
    },
    [edit, now, t],
  );
}
