/** Everything about the person and the workspace, a section at a time; other rooms lend theirs. */
import { Box, NavLink, Select } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconBuilding, IconClockX, IconHistory, IconKey, IconLock, IconPalette, IconShieldLock, IconUser, IconUsers, type Icon } from "@tabler/icons-react";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { useMay, useRoute } from "@/shared/api/workspace";
import { AskRole } from "@/shared/ui/AskRole";
import { Page } from "@/shared/ui/Page";
import { Appearance } from "./Appearance";
import { AuditLog } from "./AuditLog";
import { DatasetKeys } from "./DatasetKeys";
import { Members } from "./Members";
import { Profile } from "./Profile";
import { Retention } from "./Retention";
import { Secrets } from "./Secrets";
import { Tokens } from "./Tokens";
import { WorkspaceSettings } from "./WorkspaceSettings";

type Section = "profile" | "appearance" | "workspace" | "members" | "tokens" | "dataset-keys" | "secrets" | "retention" | "audit" | "limits" | "alerts";

export interface SettingsSection {
  name: Section;
  icon: Icon;
  page: ComponentType;
  forAdmins?: boolean;
}

const SECTIONS: SettingsSection[] = [
  { name: "profile", icon: IconUser, page: Profile },
  { name: "appearance", icon: IconPalette, page: Appearance },
  { name: "workspace", icon: IconBuilding, page: WorkspaceSettings },
  { name: "members", icon: IconUsers, page: Members },
  { name: "tokens", icon: IconShieldLock, page: Tokens },
  { name: "dataset-keys", icon: IconKey, page: DatasetKeys },
  { name: "secrets", icon: IconLock, page: Secrets, forAdmins: true },
  { name: "retention", icon: IconClockX, page: Retention },
  { name: "audit", icon: IconHistory, page: AuditLog, forAdmins: true },
];

export function SettingsPage({ more }: { more: SettingsSection[] }) {
  const { t } = useTranslation();
  const { section } = useParams();
  const may = useMay();
  const route = useRoute();
  const navigate = useNavigate();
  const narrow = useMediaQuery("(max-width: 800px)");
  const sections = [...SECTIONS, ...more];
  const allowed = sections.filter((each) => !each.forAdmins || may.administer);
  const refused = sections.find((each) => each.name === section && !allowed.includes(each));
  const current = allowed.find((each) => each.name === section) ?? SECTIONS[0];
  if (!current) return null;
  const Current = current.page;
  return (
    <Page title={t("common.rooms.settings")} maw={1040}>
      <Box style={{ display: "flex", gap: 32, flexDirection: narrow ? "column" : "row", ...(narrow ? { gap: 16 } : {}) }}>
        {narrow ? (
          <Select
            aria-label={t("common.rooms.settings")}
            data={allowed.map((each) => ({ value: each.name, label: t(`settings.sections.${each.name}`) }))}
            value={current.name}
            onChange={(name) => name && void navigate(route(`settings/${name}`))}
            allowDeselect={false}
          />
        ) : (
          <Box component="nav" w={190} style={{ flex: "none" }} aria-label={t("common.rooms.settings")}>
            {allowed.map(({ name, icon: Glyph }) => (
              <NavLink
                key={name}
                component={Link}
                to={route(`settings/${name}`)}
                label={t(`settings.sections.${name}`)}
                leftSection={<Glyph size={17} stroke={1.7} />}
                active={!refused && name === current.name}
                style={{ borderRadius: 6 }}
              />
            ))}
          </Box>
        )}
        <Box flex={1} miw={0}>{refused ? <AskRole role="admin" what={t("settings.sectionNeedsRole", { section: t(`settings.sections.${refused.name}`) })} /> : <Current />}</Box>
      </Box>
    </Page>
  );
}
