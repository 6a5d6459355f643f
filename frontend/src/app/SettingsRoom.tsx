/** The settings, with the sections that other features bring. */
import { IconBell, IconGauge } from "@tabler/icons-react";
import { AlertsSection } from "@/features/alerts/AlertsSection";
import { LimitsSection } from "@/features/limits/LimitsSection";
import { SettingsPage, type SettingsSection } from "@/features/settings/SettingsPage";

const MORE: SettingsSection[] = [{ name: "limits", icon: IconGauge, page: LimitsSection }, { name: "alerts", icon: IconBell, page: AlertsSection }];

export function SettingsRoom() {
  return <SettingsPage more={MORE} />;
}
