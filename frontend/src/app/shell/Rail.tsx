/** The left rail with icons and words; folds to icons, and is the bottom bar of a narrow screen. */
import { ActionIcon, Tooltip, UnstyledButton } from "@mantine/core";
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { NavLink } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { ROOMS } from "./rooms";
import classes from "./shell.module.css";
import { useShellStore } from "./store";
import { WorkspaceMenu } from "./WorkspaceMenu";

export function Rail() {
  const { t } = useTranslation();
  const route = useRoute();
  const { railFolded, toggleRail } = useShellStore();
  const FoldIcon = railFolded ? IconLayoutSidebarLeftExpand : IconLayoutSidebarLeftCollapse;
  const foldLabel = railFolded ? t("common.expandRail") : t("common.foldRail");
  return (
    <nav className={classes.rail} data-folded={railFolded || undefined} aria-label={t("common.mainNavigation")}>
      <div className={classes.railTop}>
        <WorkspaceMenu folded={railFolded} />
      </div>
      <div className={classes.rooms}>
        {ROOMS.map(({ path, icon: Glyph }) => (
          <Tooltip key={path} label={t(`common.rooms.${path}`)} position="right" disabled={!railFolded}>
            <UnstyledButton component={NavLink} to={route(path)} className={classes.room} aria-label={t(`common.rooms.${path}`)}>
              <Glyph size={18} stroke={1.7} aria-hidden />
              <span className={classes.word}>{t(`common.rooms.${path}`)}</span>
            </UnstyledButton>
          </Tooltip>
        ))}
      </div>
      <div className={classes.railBottom}>
        <Tooltip label={foldLabel} position="right">
          <ActionIcon variant="subtle" color="gray" onClick={toggleRail} aria-label={foldLabel} size="lg">
            <FoldIcon size={18} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </div>
    </nav>
  );
}
