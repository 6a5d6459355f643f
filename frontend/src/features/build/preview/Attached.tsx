/** Files that go, or went, with a question: images small, others by their name. */
import { ActionIcon, FileButton, Group, Loader, Tooltip } from "@mantine/core";
import { IconFile, IconPhoto, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { apiUrl, send } from "@/shared/api/client";
import type { RunFile } from "@/shared/api/runTypes";
import classes from "../build.module.css";
import { IMAGES, type Attachments } from "./useAttachments";

/** The bytes as an address of this page: a plain link could not name the workspace. */
function useBytes(file: RunFile): string | null {
  const bytes = useQuery({
    queryKey: ["file", file.id],
    queryFn: async () => (await send("GET", apiUrl(`/files/${file.id}`))).blob(),
    enabled: IMAGES.includes(file.mime_type),
    staleTime: Infinity,
    retry: false,
  });
  const address = useMemo(() => (bytes.data ? URL.createObjectURL(bytes.data) : null), [bytes.data]);
  useEffect(() => () => (address ? URL.revokeObjectURL(address) : undefined), [address]);
  return address;
}

function Attached({ file, onRemove }: { file: RunFile; onRemove?: () => void }) {
  const { t } = useTranslation();
  const address = useBytes(file);
  return (
    <span className={classes.attached}>
      {address ? <img src={address} alt={file.name} title={file.name} className={classes.thumbnail} /> : <IconFile size={16} aria-hidden />}
      {!address && <span className={classes.attachedName}>{file.name}</span>}
      {onRemove && (
        <ActionIcon size={20} variant="default" radius="xl" className={classes.detach} onClick={onRemove} aria-label={t("build.removeImage", { name: file.name })}>
          <IconX size={12} />
        </ActionIcon>
      )}
    </span>
  );
}

export function AttachedFiles({ files, onRemove }: { files: readonly RunFile[]; onRemove?: (file: RunFile) => void }) {
  if (files.length === 0) return null;
  return (
    <Group gap={6}>
      {files.map((file) => (
        <Attached key={file.id} file={file} onRemove={onRemove && (() => onRemove(file))} />
      ))}
    </Group>
  );
}

/** The button beside the question; where the model sees no images it says so. */
export function AttachButton({ attachments, sees }: { attachments: Attachments; sees: boolean }) {
  const { t } = useTranslation();
  const { add, room, uploading } = attachments;
  const label = t(sees ? "build.attachImage" : "build.seesNoImages");
  const off = !sees || room <= 0;
  return (
    <FileButton multiple accept={IMAGES.join(",")} onChange={(chosen) => void add(chosen)} disabled={off}>
      {({ onClick }) => (
        <Tooltip label={label} multiline maw={260}>
          <ActionIcon size={34} radius="md" variant="subtle" color="gray" onClick={off ? undefined : onClick} aria-label={label} aria-disabled={off} data-disabled={off || undefined} className={classes.quiet}>
            {uploading ? <Loader size={16} /> : <IconPhoto size={18} />}
          </ActionIcon>
        </Tooltip>
      )}
    </FileButton>
  );
}
