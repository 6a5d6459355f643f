/** What wraps a published page: its own colours, its own cache, its own words; nothing of the console is loaded. */
import { localStorageColorSchemeManager, MantineProvider, mergeThemeOverrides, type MantineThemeOverride } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useMemo, useState, type ReactNode } from "react";
import { ApiError } from "@/shared/api/client";
import { inkOn, readable, shadesOf, washOf } from "@/shared/site/palette";
import type { SiteOffer } from "@/shared/site/types";
import { useNamedTheme } from "@/shared/ui/useNamedTheme";
import { PublishedPage } from "./PublishedPage";

const colorSchemeManager = localStorageColorSchemeManager({ key: "atelier-color-scheme" });

const client = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 5_000, retry: (count, reason) => count < 2 && !(reason instanceof ApiError && reason.status >= 400 && reason.status < 500) },
  },
});

interface PublishedRootProps {
  theme: MantineThemeOverride;
  code: string;
  embedded: boolean;
}

export function PublishedRoot({ theme, code, embedded }: PublishedRootProps) {
  const [color, setColor] = useState<string | null>(null);
  return (
    <Coloured theme={theme} color={color}>
      <QueryClientProvider client={client}>
        <PublishedPage code={code} embedded={embedded} onOffer={(offer: SiteOffer) => setColor(offer.color)} />
      </QueryClientProvider>
    </Coloured>
  );
}

/** Everything in the console's accent takes the page's colour instead, made readable on light and on dark. */
function Coloured({ theme, color, children }: { theme: MantineThemeOverride; color: string | null; children: ReactNode }) {
  const named = useNamedTheme(theme);
  const merged = useMemo(
    () => (color === null ? named : mergeThemeOverrides(named, { colors: { accent: shadesOf(color) }, primaryShade: 7, autoContrast: true })),
    [named, color],
  );
  const variables = useMemo(() => {
    const of = (scheme: "light" | "dark"): Record<string, string> =>
      color === null ? {} : { "--accent-text": readable(color, scheme), "--accent-wash": washOf(color, scheme), "--accent-ink": inkOn(color), "--mantine-color-anchor": readable(color, scheme) };
    return () => ({ variables: {}, light: of("light"), dark: of("dark") });
  }, [color]);
  return (
    <MantineProvider theme={merged} defaultColorScheme="auto" colorSchemeManager={colorSchemeManager} cssVariablesResolver={variables}>
      {children}
    </MantineProvider>
  );
}
