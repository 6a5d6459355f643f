/** The published page of an app: on or off, where it is, how it looks, who may frame it. */
import { Stack } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { api } from "@/shared/api/client";
import { useApp } from "@/shared/api/queries";
import { useMay } from "@/shared/api/workspace";
import type { Site } from "@/shared/site/types";
import { AskRole } from "@/shared/ui/AskRole";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { Page } from "@/shared/ui/Page";
import { Loaded } from "@/shared/ui/states";
import { SiteAddress } from "./SiteAddress";
import { SiteEmbed } from "./SiteEmbed";
import { SiteForm } from "./SiteForm";

export const siteKey = (appId: string) => ["site", appId];

export function SitePage() {
  const { t } = useTranslation();
  const { appId = "" } = useParams();
  const may = useMay();
  const client = useQueryClient();
  const app = useApp(appId);
  const site = useQuery({ queryKey: siteKey(appId), queryFn: () => api.get<Site>(`/apps/${appId}/site`) });
  const save = useMutation({
    mutationFn: (changes: Partial<Site>) => api.patch<Site>(`/apps/${appId}/site`, changes),
    onSuccess: (saved, changes) => {
      client.setQueryData(siteKey(appId), saved);
      if (changes.is_on === undefined) notifyDone(t("common.savedDone"));
    },
    onError: notifyError,
  });
  return (
    <Page title={t("site.title")} description={t("site.text")}>
      <Loaded query={app}>
        {(loadedApp) => (
          <Loaded query={site}>
            {(loaded) => (
              <Stack gap="lg">
                {!may.edit && <AskRole role="editor" what={t("site.title")} />}
                <SiteAddress app={loadedApp} site={loaded} onSwitch={(is_on) => save.mutate({ is_on })} busy={save.isPending} />
                <SiteForm key={loaded.has_picture ? "picture" : "icon"} app={loadedApp} site={loaded} onSave={(changes) => save.mutateAsync(changes)} />
                {loaded.code !== "" && <SiteEmbed app={loadedApp} site={loaded} onSave={(changes) => save.mutateAsync(changes)} />}
              </Stack>
            )}
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}
