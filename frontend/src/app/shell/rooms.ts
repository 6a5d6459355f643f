/** The rooms of the rail, in order; later rooms (tools, analytics, evaluations) join here. */
import { IconBooks, IconCpu, IconHome, IconLayoutGrid, IconListDetails, IconSettings, type Icon } from "@tabler/icons-react";

export interface Room {
  path: "home" | "apps" | "knowledge" | "models" | "runs" | "settings";
  icon: Icon;
}

export const ROOMS: Room[] = [
  { path: "home", icon: IconHome },
  { path: "apps", icon: IconLayoutGrid },
  { path: "knowledge", icon: IconBooks },
  { path: "models", icon: IconCpu },
  { path: "runs", icon: IconListDetails },
  { path: "settings", icon: IconSettings },
];
