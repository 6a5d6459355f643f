/** Asks when the draft was saved elsewhere since this page read it: nothing is overwritten and nothing is lost in silence. */
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useStore } from "zustand";
import { notifyError } from "@/shared/ui/notify";
import type { DraftStore } from "./draftStore";

interface DraftConflictProps<D> {
  store: DraftStore<D>;
  onKeepMine: () => Promise<void>;
  onTakeTheirs: () => Promise<void>;
}

export function DraftConflict<D>({ store, onKeepMine, onTakeTheirs }: DraftConflictProps<D>) {
  const { t, i18n } = useTranslation();
  const error = useStore(store, (state) => state.error);
  const [busy, setBusy] = useState(false);
  const isChanged = error?.code === "draft_changed";
  const savedAt = typeof error?.extra.saved_at === "string" ? new Date(error.extra.saved_at) : null;
  const act = (wanted: () => Promise<void>) => {
    setBusy(true);
    void wanted()
      .catch(notifyError)
      .finally(() => setBusy(false));
  };
  return (
    <Modal opened={isChanged} onClose={() => undefined} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={t("apps.conflict.title")}>
      <Stack>
        <Text>{savedAt ? t("apps.conflict.text", { time: savedAt.toLocaleTimeString(i18n.language) }) : t("apps.conflict.textPlain")}</Text>
        <Group justify="flex-end">
          <Button variant="default" loading={busy} onClick={() => act(onTakeTheirs)}>
            {t("apps.conflict.takeTheirs")}
          </Button>
          <Button color="red" variant="light" loading={busy} onClick={() => act(onKeepMine)}>
            {t("apps.conflict.keepMine")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
