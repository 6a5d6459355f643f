/** How the page will look, while its author still chooses. */
import { ActionIcon, SegmentedControl, Stack, Text, useMantineColorScheme } from "@mantine/core";
import { IconArrowUp } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { inkOn, washOf } from "@/shared/site/palette";
import { SiteIcon } from "@/shared/site/SiteIcon";
import type { SiteLook } from "@/shared/site/types";
import classes from "./site.module.css";

type Scheme = "light" | "dark";

const SURFACES: Record<Scheme, Record<string, string>> = {
  light: { "--surface": "#fff", "--surface-sunken": "#f8f9fb", "--surface-hover": "#e9ecf1", "--hairline": "#e5e8ee", "--mantine-color-text": "#1b212d", "--mantine-color-dimmed": "#5f697b", "--mantine-color-placeholder": "#6b7586", "--mantine-color-default-border": "#dde1e8" },
  dark: { "--surface": "#14171d", "--surface-sunken": "#0f1217", "--surface-hover": "#272c36", "--hairline": "#272c36", "--mantine-color-text": "#d8dce4", "--mantine-color-dimmed": "#949dad", "--mantine-color-placeholder": "#8a94a4", "--mantine-color-default-border": "#2e3440" },
};

export function SitePreview({ look, opening }: { look: SiteLook; opening: string }) {
  const { t } = useTranslation();
  const { colorScheme } = useMantineColorScheme();
  const [scheme, setScheme] = useState<Scheme>(colorScheme === "dark" ? "dark" : "light");
  return (
    <Stack gap="xs">
      <SegmentedControl
        size="xs"
        aria-label={t("common.theme.title")}
        value={scheme}
        onChange={(value) => setScheme(value as Scheme)}
        data={(["light", "dark"] as const).map((value) => ({ value, label: t(`common.theme.${value}`) }))}
      />
      <div className={classes.preview} style={SURFACES[scheme]} role="img" aria-label={t("site.preview", { name: look.name })}>
        <div className={classes.previewTop}>
          <SiteIcon look={look} size={32} />
          <div style={{ minWidth: 0 }}>
            <Text fw={600} size="sm" truncate>
              {look.name}
            </Text>
            {look.description && (
              <Text size="xs" c="dimmed" truncate>
                {look.description}
              </Text>
            )}
          </div>
        </div>
        <div className={classes.previewBody}>
          {opening && <div className={classes.previewOpening}>{opening.slice(0, 400)}</div>}
          <div className={classes.previewQuestion} style={{ background: washOf(look.color, scheme) }}>
            {t("apps.exampleQuestion")}
          </div>
          <Stack gap={8}>
            <div className={classes.previewLine} />
            <div className={classes.previewLine} style={{ width: "86%" }} />
            <div className={classes.previewLine} style={{ width: "58%" }} />
          </Stack>
        </div>
        <div className={classes.previewInput}>
          <Text size="sm" flex={1} truncate c="var(--mantine-color-placeholder)">
            {look.placeholder || t("published.placeholder")}
          </Text>
          <ActionIcon component="span" size={30} style={{ background: look.color, color: inkOn(look.color) }}>
            <IconArrowUp size={16} />
          </ActionIcon>
        </div>
        <Text size="xs" c="dimmed" className={classes.previewFoot}>
          {[look.footer, look.privacy_url ? t("published.privacy") : ""].filter((part) => part !== "").join(" · ")}
        </Text>
      </div>
    </Stack>
  );
}
