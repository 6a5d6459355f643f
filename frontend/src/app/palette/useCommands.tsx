/** Everything that the palette can do, in the words of the reader. */
import { useMantineColorScheme } from "@mantine/core";
import { IconBooks, IconBuilding, IconKeyboard, IconLanguage, IconLayoutGrid, IconListDetails, IconLogout, IconMessage, IconMoon, IconPlus, IconRoute, IconSettings, IconSun, IconSunMoon, IconTool, type Icon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "@/shared/api/client";
import { useApps, useDatasets, useTools } from "@/shared/api/queries";
import type { RunSummary } from "@/shared/api/runTypes";
import { isGraphMode, type Page } from "@/shared/api/types";
import { useMay, useMe, useRoute, useWorkspace } from "@/shared/api/workspace";
import { LANGUAGES, setLanguage } from "@/shared/i18n";
import { ROOMS } from "../shell/rooms";
import { useSignOut } from "../shell/WorkspaceMenu";
import { usePalette } from "./store";

export type CommandGroup = "apps" | "knowledge" | "runs" | "go" | "create" | "run" | "tools" | "settings" | "workspaces" | "look" | "more";

export interface Command {
  id: string;
  group: CommandGroup;
  label: string;
  hint?: string;
  keywords?: string;
  icon: Icon;
  /** Shown only when its words were typed: there are many of its kind. */
  onlyTyped?: boolean;
  act: () => void;
}

const THEMES = [
  { scheme: "light", icon: IconSun },
  { scheme: "dark", icon: IconMoon },
  { scheme: "auto", icon: IconSunMoon },
] as const;
const SETTINGS = ["profile", "appearance", "workspace", "members", "tokens", "dataset-keys", "secrets", "audit"] as const;
const ADMIN_ONLY = new Set<string>(["audit", "secrets"]);
const RUN_ID = /^[0-9a-f]{4,}[0-9a-f-]*$/i;
const FULL_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function useCommands(typed: string): { commands: Command[]; isLoading: boolean } {
  const found = [useGoing(), useThings(), useRunsByIds(typed), useLook()];
  return { commands: found.flatMap((each) => each.commands), isLoading: found.some((each) => each.isLoading) };
}

interface Found {
  commands: Command[];
  isLoading: boolean;
}

function useGo(): (path: string) => () => void {
  const route = useRoute();
  const navigate = useNavigate();
  return (path) => () => void navigate(route(path));
}

function useGoing(): Found {
  const { t } = useTranslation();
  const may = useMay();
  const go = useGo();
  const rooms: Command[] = ROOMS.map(({ path, icon }) => ({ id: `room:${path}`, group: "go", label: t(`common.rooms.${path}`), icon, act: go(path) }));
  const create: Command[] = [
    { id: "new:app", group: "create", label: t("apps.new"), keywords: "create", icon: IconPlus, act: go("apps?new=1") },
    { id: "new:dataset", group: "create", label: t("knowledge.new"), keywords: "create", icon: IconPlus, act: go("knowledge?new=1") },
  ];
  const settings: Command[] = SETTINGS.filter((section) => may.administer || !ADMIN_ONLY.has(section)).map((section) => ({
    id: `settings:${section}`,
    group: "settings",
    label: t(`settings.sections.${section}`),
    hint: t("common.rooms.settings"),
    icon: IconSettings,
    onlyTyped: true,
    act: go(`settings/${section}`),
  }));
  return { commands: [...rooms, ...(may.edit ? create : []), ...settings], isLoading: false };
}

function useThings(): Found {
  const { t } = useTranslation();
  const go = useGo();
  const apps = useApps();
  const datasets = useDatasets();
  const tools = useTools();
  const list = apps.data ?? [];
  const commands: Command[] = [
    ...list.map((app): Command => ({ id: app.id, group: "apps", label: app.name, hint: app.description, keywords: app.mode, icon: isGraphMode(app.mode) ? IconRoute : IconMessage, act: go(`apps/${app.id}/build`) })),
    ...list.map((app): Command => ({ id: `run:${app.id}`, group: "run", label: t("palette.runApp", { name: app.name }), icon: IconLayoutGrid, onlyTyped: true, act: go(`apps/${app.id}/build?pane=preview`) })),
    ...(datasets.data ?? []).map((dataset): Command => ({ id: dataset.id, group: "knowledge", label: dataset.name, hint: dataset.description, icon: IconBooks, act: go(`knowledge/${dataset.id}`) })),
    ...(tools.data ?? []).map((tool): Command => ({ id: `tool:${tool.name}`, group: "tools", label: tool.title, hint: tool.description, keywords: tool.name, icon: IconTool, onlyTyped: true, act: go(`tools/${tool.name}`) })),
  ];
  return { commands, isLoading: apps.isPending || datasets.isPending };
}

/** Runs whose id begins with what was typed: a whole id is asked of the server, a beginning is looked for among the newest. */
function useRunsByIds(typed: string): Found {
  const { t } = useTranslation();
  const go = useGo();
  const word = typed.trim();
  const newest = useQuery({
    queryKey: ["palette", "runs"],
    queryFn: () => api.get<Page<RunSummary>>("/runs", { limit: 100 }),
    select: (page) => page.results,
    enabled: RUN_ID.test(word),
    staleTime: 10_000,
  });
  if (!RUN_ID.test(word)) return { commands: [], isLoading: false };
  const runs = (newest.data ?? []).filter((run) => run.id.startsWith(word.toLowerCase()));
  const commands = runs.map((run): Command => ({ id: `trace:${run.id}`, group: "runs", label: run.query || run.app?.name || run.id.slice(0, 8), hint: run.id, icon: IconListDetails, act: go(`runs/${run.id}`) }));
  if (FULL_ID.test(word) && runs.length === 0) {
    commands.push({ id: `trace:${word}`, group: "runs", label: t("palette.openRun", { id: word.slice(0, 8) }), hint: word, icon: IconListDetails, act: go(`runs/${word.toLowerCase()}`) });
  }
  return { commands, isLoading: newest.isPending };
}

function useLook(): Found {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const here = useWorkspace();
  const me = useMe();
  const signOut = useSignOut();
  const { setColorScheme } = useMantineColorScheme();
  const show = usePalette((state) => state.show);
  const others = (me.data?.workspaces ?? []).filter((workspace) => workspace.id !== here.id);
  const commands: Command[] = [
    ...others.map((workspace): Command => ({ id: `workspace:${workspace.id}`, group: "workspaces", label: workspace.name, icon: IconBuilding, act: () => void navigate(`/w/${workspace.id}/home`) })),
    ...THEMES.map(({ scheme, icon }): Command => ({ id: `theme:${scheme}`, group: "look", label: t("palette.theme", { theme: t(`common.theme.${scheme}`) }), keywords: `theme ${scheme}`, icon, act: () => setColorScheme(scheme) })),
    ...LANGUAGES.map((language): Command => ({ id: `language:${language.code}`, group: "look", label: language.name, hint: t("common.language"), keywords: `language ${language.code}`, icon: IconLanguage, act: () => void setLanguage(language.code) })),
    { id: "keys", group: "more", label: t("palette.keys"), hint: "?", icon: IconKeyboard, act: () => show("keys") },
    { id: "sign-out", group: "more", label: t("common.signOut"), icon: IconLogout, onlyTyped: true, act: () => signOut.mutate() },
  ];
  return { commands, isLoading: false };
}
