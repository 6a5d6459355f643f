/** The theme with a name on every close button: Mantine draws a cross and says nothing. */
import { mergeThemeOverrides, type MantineThemeOverride } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

export function useNamedTheme(theme: MantineThemeOverride): MantineThemeOverride {
  const { t } = useTranslation();
  const close = t("common.close");
  return useMemo(
    () => mergeThemeOverrides(theme, { components: { CloseButton: { defaultProps: { "aria-label": close } } } }),
    [theme, close],
  );
}
