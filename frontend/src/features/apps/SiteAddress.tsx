/** The switch of the page and its link; a new link closes the old one. */
import { Anchor, Badge, Button, Group, Paper, Stack, Switch, Text, Title } from "@mantine/core";
import { IconExternalLink, IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { App } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import type { Site } from "@/shared/site/types";
import { CopyButton } from "@/shared/ui/bits";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { pageUrl } from "./siteSnippets";

interface SiteAddressProps {
  app: App;
  site: Site;
  busy: boolean;
  onSwitch: (on: boolean) => void;
}

export function SiteAddress({ app, site, busy, onSwitch }: SiteAddressProps) {
  const { t } = useTranslation();
  const may = useMay();
  const url = pageUrl(window.location.origin, site.code);
  const unpublished = app.published_version === null;
  return (
    <Paper p="lg">
      <Stack gap="md">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Stack gap={4} miw={0}>
            <Group gap="xs">
              <Title order={2}>{t("site.onTitle")}</Title>
              <Badge color={site.is_on && !unpublished ? undefined : "gray"}>{t(site.is_on && !unpublished ? "site.open" : "site.closed")}</Badge>
            </Group>
            <Text size="sm" c="dimmed">
              {t(unpublished ? "site.publishFirst" : "site.onText")}
            </Text>
          </Stack>
          <Switch
            size="md"
            aria-label={t("site.onTitle")}
            checked={site.is_on}
            disabled={!may.edit || busy || (unpublished && !site.is_on)}
            onChange={(event) => onSwitch(event.currentTarget.checked)}
          />
        </Group>
        {site.code !== "" && (
          <Group gap="xs" wrap="nowrap" px="sm" py={6} style={{ background: "var(--surface-sunken)", borderRadius: 8, border: "1px solid var(--hairline)" }}>
            <Text className="mono" truncate flex={1} miw={0} data-testid="site-link" c={site.is_on ? undefined : "dimmed"}>
              {url}
            </Text>
            <CopyButton value={url} label={t("site.copyLink")} />
            {site.is_on && (
              <Anchor href={url} target="_blank" rel="noopener" aria-label={t("site.openLink")} title={t("site.openLink")} style={{ display: "grid", placeItems: "center", width: 28, height: 28 }}>
                <IconExternalLink size={16} />
              </Anchor>
            )}
            {may.edit && <NewAddress appId={app.id} />}
          </Group>
        )}
      </Stack>
    </Paper>
  );
}

function NewAddress({ appId }: { appId: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const renew = useMutation({
    mutationFn: () => api.post<Site>(`/apps/${appId}/site/code`),
    onSuccess: (site) => {
      client.setQueryData(["site", appId], site);
      setAsking(false);
      notifyDone(t("site.newLinkDone"));
    },
    onError: notifyError,
  });
  return (
    <>
      <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconRefresh size={14} />} onClick={() => setAsking(true)}>
        {t("site.newLink")}
      </Button>
      <ConfirmDelete opened={asking} title={t("site.newLinkTitle")} confirmLabel={t("site.newLink")} busy={renew.isPending} onConfirm={() => renew.mutate()} onClose={() => setAsking(false)}>
        {t("site.newLinkText")}
      </ConfirmDelete>
    </>
  );
}
