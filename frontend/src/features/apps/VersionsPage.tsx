/** The published versions of an app, newest first; each can become the draft again. */
import { Badge, Button, Group, Modal, Paper, Stack, Text } from "@mantine/core";
import { IconHistory, IconRestore } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { api } from "@/shared/api/client";
import { refreshApp, useApp } from "@/shared/api/queries";
import type { Draft, Json, Page as ApiPage, Version } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { useDraft, withoutReport, type SavedDraft } from "@/shared/draft/DraftContext";
import { RelativeTime } from "@/shared/ui/bits";
import { JsonTree } from "@/shared/ui/JsonTree";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { Page } from "@/shared/ui/Page";
import { EmptyState, Loaded } from "@/shared/ui/states";

export function VersionsPage() {
  const { t } = useTranslation();
  const { appId = "" } = useParams();
  const app = useApp(appId);
  const [shown, setShown] = useState<Version | null>(null);
  const versions = useQuery({
    queryKey: ["versions", appId],
    queryFn: () => api.get<ApiPage<Version>>(`/apps/${appId}/versions`, { limit: 100 }),
    select: (page) => page.results,
  });
  return (
    <Page title={t("apps.tabs.versions")} description={t("apps.versionsText")} maw={860}>
      <Loaded query={versions}>
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon={IconHistory} title={t("apps.noVersionsTitle")} text={t("apps.noVersionsText")} />
          ) : (
            <Stack gap="xs">
              {list.map((version) => (
                <VersionRow key={version.id} appId={appId} version={version} current={version.number === app.data?.published_version} onShow={() => setShown(version)} />
              ))}
            </Stack>
          )
        }
      </Loaded>
      <Modal opened={shown !== null} onClose={() => setShown(null)} title={t("apps.version", { number: shown?.number ?? 0 })} size="lg">
        {shown && <JsonTree label={t("apps.configuration")} value={shown.config as unknown as Json} />}
      </Modal>
    </Page>
  );
}

function VersionRow({ appId, version, current, onShow }: { appId: string; version: Version; current: boolean; onShow: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const load = useDraft((state) => state.load);
  const restore = useMutation({
    mutationFn: () => api.post<SavedDraft>(`/apps/${appId}/versions/${version.number}/restore`),
    onSuccess: (saved) => {
      const { draft, report } = withoutReport(saved);
      load(draft as Draft, report);
      void refreshApp(client, appId);
      notifyDone(t("apps.restored", { number: version.number }));
    },
    onError: notifyError,
  });
  return (
    <Paper p="md">
      <Group justify="space-between">
        <Stack gap={2} flex={1} miw={200}>
          <Group gap="xs">
            <Text fw={600}>{t("apps.version", { number: version.number })}</Text>
            {current && <Badge>{t("apps.live")}</Badge>}
          </Group>
          {version.note && <Text size="sm">{version.note}</Text>}
          <Text size="xs" c="dimmed">
            <RelativeTime at={version.created_at} /> {version.created_by && `· ${version.created_by.email}`}
          </Text>
        </Stack>
        <Group gap="xs">
          <Button variant="default" size="xs" onClick={onShow}>
            {t("apps.show")}
          </Button>
          {may.edit && (
            <Button variant="default" size="xs" leftSection={<IconRestore size={14} />} loading={restore.isPending} onClick={() => restore.mutate()}>
              {t("apps.restore")}
            </Button>
          )}
        </Group>
      </Group>
    </Paper>
  );
}
