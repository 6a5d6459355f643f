/** The rooms of the rail, in order; later rooms (evaluations) join here. */
import { IconBooks, IconChartLine, IconCpu, IconHome, IconLayoutGrid, IconListDetails, IconScale, IconSettings, IconTextCaption, IconTool, type Icon } from "@tabler/icons-react";

export interface Room {
  path: "home" | "apps" | "knowledge" | "prompts" | "models" | "tools" | "runs" | "analytics" | "evaluations" | "settings";
  icon: Icon;
  /** A narrow screen has it under "More". */
  isMinor?: boolean;
}

export const ROOMS: Room[] = [
  { path: "home", icon: IconHome },
  { path: "apps", icon: IconLayoutGrid },
  { path: "knowledge", icon: IconBooks },
  { path: "prompts", icon: IconTextCaption, isMinor: true },
  { path: "models", icon: IconCpu, isMinor: true },
  { path: "tools", icon: IconTool, isMinor: true },
  { path: "runs", icon: IconListDetails },
  { path: "analytics", icon: IconChartLine, isMinor: true },
  { path: "evaluations", icon: IconScale, isMinor: true },
  { path: "settings", icon: IconSettings, isMinor: true },
];
