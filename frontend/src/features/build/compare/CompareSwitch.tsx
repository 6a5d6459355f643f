/** Turns the preview into a comparison and back. */
import { Switch } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function CompareSwitch({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  const { t } = useTranslation();
  return <Switch size="xs" label={t("build.compare")} checked={on} onChange={(event) => onChange(event.currentTarget.checked)} />;
}
