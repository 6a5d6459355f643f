/** The picture of the page in place of its sign: choose one, take it away. */
import { ActionIcon, FileButton, Tooltip, UnstyledButton } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import { postForm } from "@/shared/api/upload";
import { useMay } from "@/shared/api/workspace";
import { SiteIcon } from "@/shared/site/SiteIcon";
import type { Site, SiteLook } from "@/shared/site/types";
import { notifyError } from "@/shared/ui/notify";

export function SitePicture({ appId, look }: { appId: string; look: SiteLook }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (file: File | null) => (file ? postForm<Site>(`/apps/${appId}/site/picture`, { file }) : api.delete<Site>(`/apps/${appId}/site/picture`)),
    onSuccess: (site) => client.setQueryData(["site", appId], site),
    onError: notifyError,
  });
  return (
    <div style={{ position: "relative", width: 56, height: 56 }}>
      <FileButton accept="image/png,image/jpeg,image/gif,image/webp" onChange={(file) => file && change.mutate(file)} disabled={!may.edit}>
        {(props) => (
          <Tooltip label={t("site.pictureHint")}>
            <UnstyledButton {...props} aria-label={t("site.picture")}>
              <SiteIcon look={look} size={56} />
            </UnstyledButton>
          </Tooltip>
        )}
      </FileButton>
      {look.picture && may.edit && (
        <ActionIcon size={20} radius="xl" variant="default" onClick={() => change.mutate(null)} aria-label={t("site.pictureRemove")} style={{ position: "absolute", top: -6, right: -6 }}>
          <IconX size={12} />
        </ActionIcon>
      )}
    </div>
  );
}
