/** Theme and language of this browser. */
import { Paper, SegmentedControl, Stack, Text, Title, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { LANGUAGES, setLanguage, type Language } from "@/shared/i18n";

const SCHEMES = ["light", "dark", "auto"] as const;

export function Appearance() {
  const { t, i18n } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Paper p="lg">
      <Stack>
        <Title order={2}>{t("settings.sections.appearance")}</Title>
        <Stack gap={6} align="flex-start">
          <Text size="sm" fw={500}>
            {t("common.theme.title")}
          </Text>
          <SegmentedControl
            aria-label={t("common.theme.title")}
            value={colorScheme}
            onChange={(value) => setColorScheme(value as (typeof SCHEMES)[number])}
            data={SCHEMES.map((value) => ({ value, label: t(`common.theme.${value}`) }))}
          />
        </Stack>
        <Stack gap={6} align="flex-start">
          <Text size="sm" fw={500}>
            {t("common.language")}
          </Text>
          <SegmentedControl
            aria-label={t("common.language")}
            value={i18n.language}
            onChange={(value) => void setLanguage(value as Language)}
            data={LANGUAGES.map((language) => ({ value: language.code, label: language.name }))}
          />
        </Stack>
        <Text size="sm" c="dimmed">
          {t("settings.appearanceHint")}
        </Text>
      </Stack>
    </Paper>
  );
}
