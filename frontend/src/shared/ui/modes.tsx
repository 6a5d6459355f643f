/** How each kind of app looks in lists. */
import { ThemeIcon } from "@mantine/core";
import { IconFileText, IconGitBranch, IconMessageCircle, IconRobot, IconRoute, type Icon } from "@tabler/icons-react";
import type { AppMode } from "@/shared/api/types";

export const MODE_ICONS: Record<AppMode, Icon> = {
  chat: IconMessageCircle,
  agent: IconRobot,
  completion: IconFileText,
  chatflow: IconRoute,
  workflow: IconGitBranch,
};

export function ModeIcon({ mode, size = 36 }: { mode: AppMode; size?: number }) {
  const Glyph = MODE_ICONS[mode];
  return (
    <ThemeIcon variant="light" size={size} radius="md" aria-hidden>
      <Glyph size={size * 0.52} stroke={1.6} />
    </ThemeIcon>
  );
}
