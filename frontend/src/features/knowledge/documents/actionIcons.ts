/** The icon of each action on documents. */
import { IconArchive, IconArchiveOff, IconEye, IconEyeOff, IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconReload, IconRefresh, IconTrash, type Icon } from "@tabler/icons-react";
import type { DocumentAction } from "@/shared/api/knowledgeTypes";

export const ACTION_ICONS: Record<DocumentAction, Icon> = {
  retry: IconRefresh,
  pause: IconPlayerPause,
  resume: IconPlayerPlay,
  cancel: IconPlayerStop,
  enable: IconEye,
  disable: IconEyeOff,
  archive: IconArchive,
  unarchive: IconArchiveOff,
  reindex: IconReload,
  delete: IconTrash,
};
