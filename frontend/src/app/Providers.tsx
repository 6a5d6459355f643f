/** What wraps every page: theme, server-state cache, notifications, router. */
import { localStorageColorSchemeManager, MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "react-router";
import { ApiError } from "@/shared/api/client";
import { useNamedTheme } from "@/shared/ui/useNamedTheme";
import { router } from "./router";
import { theme } from "./theme";

const colorSchemeManager = localStorageColorSchemeManager({ key: "atelier-color-scheme" });

/** A session that ended while the page was open leads back to the login, and from there to this page again. */
function leaveWhenSignedOut(reason: unknown): void {
  const here = window.location.pathname + window.location.search;
  if (reason instanceof ApiError && reason.status === 401 && here.startsWith("/w")) {
    void router.navigate(`/login?next=${encodeURIComponent(here)}`, { replace: true });
  }
}

const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: leaveWhenSignedOut }),
  mutationCache: new MutationCache({ onError: leaveWhenSignedOut }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, reason) => count < 2 && !(reason instanceof ApiError && reason.status >= 400 && reason.status < 500),
    },
  },
});

export function Providers() {
  const named = useNamedTheme(theme);
  return (
    <MantineProvider theme={named} defaultColorScheme="auto" colorSchemeManager={colorSchemeManager}>
      <QueryClientProvider client={queryClient}>
        <Notifications position="bottom-right" />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
