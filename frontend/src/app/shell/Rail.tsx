/** The left rail with icons and words; folds to icons, and is the bottom bar of a narrow screen. */
import { ActionIcon, Menu, Tooltip, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconDots, IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, useLocation } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { ROOMS, type Room } from "./rooms";
import classes from "./shell.module.css";
import { useShellStore } from "./store";
import { WorkspaceMenu } from "./WorkspaceMenu";

export function Rail() {
  const { t } = useTranslation();
  const { railFolded, toggleRail } = useShellStore();
  const narrow = useMediaQuery("(max-width: 640px)", undefined, { getInitialValueInEffect: false });
  const FoldIcon = railFolded ? IconLayoutSidebarLeftExpand : IconLayoutSidebarLeftCollapse;
  const foldLabel = railFolded ? t("common.expandRail") : t("common.foldRail");
  return (
    <nav className={classes.rail} data-folded={railFolded || undefined} aria-label={t("common.mainNavigation")}>
      <div className={classes.railTop}>
        <WorkspaceMenu folded={railFolded} />
      </div>
      <div className={classes.rooms}>
        {ROOMS.filter((room) => !(narrow && room.isMinor)).map((room) => (
          <RoomLink key={room.path} room={room} folded={railFolded} />
        ))}
        {narrow && <MoreRooms rooms={ROOMS.filter((room) => room.isMinor)} />}
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

function RoomLink({ room: { path, icon: Glyph }, folded }: { room: Room; folded: boolean }) {
  const { t } = useTranslation();
  const route = useRoute();
  return (
    <Tooltip label={t(`common.rooms.${path}`)} position="right" disabled={!folded}>
      <UnstyledButton component={NavLink} to={route(path)} className={classes.room} aria-label={t(`common.rooms.${path}`)}>
        <Glyph size={18} stroke={1.7} aria-hidden />
        <span className={classes.word}>{t(`common.rooms.${path}`)}</span>
      </UnstyledButton>
    </Tooltip>
  );
}

function MoreRooms({ rooms }: { rooms: Room[] }) {
  const { t } = useTranslation();
  const route = useRoute();
  const { pathname } = useLocation();
  const isHere = rooms.some((room) => pathname.startsWith(route(room.path)));
  return (
    <Menu position="top-end" width={220}>
      <Menu.Target>
        <UnstyledButton className={`${classes.room} ${isHere ? "active" : ""}`}>
          <IconDots size={18} stroke={1.7} aria-hidden />
          <span className={classes.word}>{t("common.more")}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {rooms.map(({ path, icon: Glyph }) => (
          <Menu.Item key={path} component={Link} to={route(path)} leftSection={<Glyph size={18} stroke={1.7} />}>
            {t(`common.rooms.${path}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
