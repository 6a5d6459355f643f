/** "Saved", "Draft changed", "Publish": always in sight on the pages of an app. */
import { Button, Group, Popover, Stack, Text, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import { refreshApp } from "@/shared/api/queries";
import { isGraphMode, type App, type Version } from "@/shared/api/types";
import { useMay, useWorkspace } from "@/shared/api/workspace";
import { DraftChanges } from "@/shared/draft/DraftChanges";
import { useDraft } from "@/shared/draft/DraftContext";
import { usePublished } from "@/shared/draft/useVersions";
import { GateStanding } from "@/shared/evaluations/GateStanding";
import { useGate } from "@/shared/evaluations/queries";
import { errorText } from "@/shared/ui/errorText";
import { notifyDone, notifyError } from "@/shared/ui/notify";

export function PublishBar({ app }: { app: App }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const flush = useDraft((state) => state.flush);
  const saveState = useDraft((state) => state.saveState);
  const [opened, setOpened] = useState(false);
  const [note, setNote] = useState("");
  const [override, setOverride] = useState("");
  const { role } = useWorkspace();
  // Where the draft stands is asked of what is saved.
  const gate = useGate(app.id, opened && saveState === "saved");
  const isClosed = gate.data?.standing.is_open === false;
  const publish = useMutation({
    mutationFn: async () => {
      await flush();
      return api.post<Version>(`/apps/${app.id}/publish`, { note, override: gate.data?.standing.is_open === false ? override : "" });
    },
    onSuccess: async (version) => {
      await refreshApp(client, app.id);
      setOpened(false);
      setNote("");
      setOverride("");
      await client.invalidateQueries({ queryKey: ["gate", app.id] });
      notifyDone(t("apps.publishedDone", { number: version.number }));
    },
    onError: (reason) => {
      // The gate's answer stands in the dialog, with what fell and what to do.
      if (reason instanceof ApiError && reason.code === "gate_closed") void client.invalidateQueries({ queryKey: ["gate", app.id] });
      else notifyError(reason);
    },
  });
  const draft = useDraft((state) => state.draft);
  const live = usePublished(app);
  const shown = isGraphMode(app.mode) ? null : live;
  const changed = app.published_version === null || app.has_unpublished_changes || saveState !== "saved";
  return (
    <Group gap="sm" wrap="nowrap" style={{ flex: "none" }}>
      <SaveState />
      <Text size="sm" c="dimmed" visibleFrom="md">
        {app.published_version === null
          ? t("apps.neverPublished")
          : changed
            ? t("apps.draftChanged")
            : t("apps.publishedVersion", { number: app.published_version })}
      </Text>
      {may.edit && (
        <Popover opened={opened} onChange={setOpened} position="bottom-end" width={shown ? "min(560px, calc(100vw - 32px))" : "min(420px, calc(100vw - 32px))"} shadow="md" trapFocus>
          <Popover.Target>
            <Button onClick={() => setOpened(!opened)} variant={changed ? "filled" : "default"}>
              {t("apps.publish")}
            </Button>
          </Popover.Target>
          <Popover.Dropdown>
            <form
              onSubmit={(event) => {
                event.preventDefault();
                publish.mutate();
              }}
            >
              <Stack gap="sm">
                <Text size="sm" c="dimmed">
                  {t("apps.publishHint")}
                </Text>
                {shown && opened && <DraftChanges published={shown} draft={draft} />}
                <TextInput label={t("apps.versionNote")} placeholder={t("apps.versionNotePlaceholder")} value={note} onChange={(event) => setNote(event.currentTarget.value)} data-autofocus />
                {gate.data && <GateStanding appId={app.id} gate={gate.data} before={flush} />}
                {isClosed && role === "owner" && (
                  <TextInput label={t("evaluations.gate.override")} description={t("evaluations.gate.overrideHint")} value={override} onChange={(event) => setOverride(event.currentTarget.value)} maxLength={1000} />
                )}
                <Button type="submit" loading={publish.isPending} disabled={isClosed && override.trim() === ""}>
                  {t(isClosed ? "evaluations.gate.publishAnyway" : "apps.publishNow")}
                </Button>
              </Stack>
            </form>
          </Popover.Dropdown>
        </Popover>
      )}
    </Group>
  );
}

function SaveState() {
  const { t } = useTranslation();
  const saveState = useDraft((state) => state.saveState);
  const error = useDraft((state) => state.error);
  const flush = useDraft((state) => state.flush);
  if (saveState === "error" && error) {
    const { title, detail } = errorText(t, error);
    return (
      <Tooltip label={`${title} ${detail}`} multiline maw={320}>
        <UnstyledButton onClick={() => void flush().catch(notifyError)}>
          <Text size="sm" c="var(--danger-text)" role="status">
            {t("apps.notSaved")}
          </Text>
        </UnstyledButton>
      </Tooltip>
    );
  }
  return (
    <Text size="sm" c="dimmed" role="status" visibleFrom="xs">
      {saveState === "saved" ? t("apps.saved") : t("apps.saving")}
    </Text>
  );
}
