/** ⌘K: go to a room, an app or a dataset, create, switch theme and language. */
import { useMantineColorScheme } from "@mantine/core";
import { Spotlight, type SpotlightActionGroupData } from "@mantine/spotlight";
import { IconBooks, IconLanguage, IconLayoutGrid, IconMoon, IconPlus, IconSearch, IconSun, IconSunMoon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useApps, useDatasets } from "@/shared/api/queries";
import { useMay, useRoute } from "@/shared/api/workspace";
import { LANGUAGES, setLanguage } from "@/shared/i18n";
import { ROOMS } from "./rooms";

const THEMES = [
  { scheme: "light", icon: IconSun },
  { scheme: "dark", icon: IconMoon },
  { scheme: "auto", icon: IconSunMoon },
] as const;

export function Palette() {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const may = useMay();
  const apps = useApps();
  const datasets = useDatasets();
  const { setColorScheme } = useMantineColorScheme();
  const go = (path: string) => () => void navigate(route(path));
  const actions: SpotlightActionGroupData[] = [
    {
      group: t("common.palette.go"),
      actions: ROOMS.map(({ path, icon: Glyph }) => ({
        id: path,
        label: t(`common.rooms.${path}`),
        onClick: go(path),
        leftSection: <Glyph size={18} stroke={1.7} />,
      })),
    },
    {
      group: t("common.palette.create"),
      actions: may.edit
        ? [
            { id: "new-app", label: t("apps.new"), onClick: go("apps?new=1"), leftSection: <IconPlus size={18} /> },
            { id: "new-dataset", label: t("knowledge.new"), onClick: go("knowledge?new=1"), leftSection: <IconPlus size={18} /> },
          ]
        : [],
    },
    {
      group: t("common.rooms.apps"),
      actions: (apps.data ?? []).map((app) => ({
        id: app.id,
        label: app.name,
        description: app.description,
        onClick: go(`apps/${app.id}/build`),
        leftSection: <IconLayoutGrid size={18} stroke={1.7} />,
      })),
    },
    {
      group: t("common.rooms.knowledge"),
      actions: (datasets.data ?? []).map((dataset) => ({
        id: dataset.id,
        label: dataset.name,
        description: dataset.description,
        onClick: go(`knowledge/${dataset.id}`),
        leftSection: <IconBooks size={18} stroke={1.7} />,
      })),
    },
    {
      group: t("common.palette.appearance"),
      actions: [
        ...THEMES.map(({ scheme, icon: Glyph }) => ({
          id: `theme-${scheme}`,
          label: t(`common.theme.${scheme}`),
          onClick: () => setColorScheme(scheme),
          leftSection: <Glyph size={18} stroke={1.7} />,
        })),
        ...LANGUAGES.map((language) => ({
          id: `language-${language.code}`,
          label: language.name,
          keywords: language.code,
          onClick: () => void setLanguage(language.code),
          leftSection: <IconLanguage size={18} stroke={1.7} />,
        })),
      ],
    },
  ];
  return (
    <Spotlight
      actions={actions.filter((group) => group.actions.length > 0)}
      shortcut="mod + K"
      nothingFound={t("common.palette.nothing")}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: t("common.palette.placeholder"),
        "aria-label": t("common.palette.placeholder"),
      }}
      scrollable
      maxHeight={420}
    />
  );
}
