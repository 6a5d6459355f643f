/** What is shown for an address that leads nowhere and for a page that broke. */
import { Button, Center, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { isRouteErrorResponse, Link, useRouteError } from "react-router";
import { useDocumentTitle } from "@/shared/ui/Page";

export function NotFound() {
  const { t } = useTranslation();
  useDocumentTitle(t("errors.notFoundTitle"));
  return (
    <Center mih="60vh" p="md">
      <Stack align="center" gap="sm">
        <Title order={1}>{t("errors.notFoundTitle")}</Title>
        <Text c="dimmed" ta="center" maw={420}>
          {t("errors.notFoundText")}
        </Text>
        <Button component={Link} to="/" variant="default">
          {t("errors.goHome")}
        </Button>
      </Stack>
    </Center>
  );
}

export function RouteError() {
  const { t } = useTranslation();
  const reason = useRouteError();
  if (isRouteErrorResponse(reason) && reason.status === 404) return <NotFound />;
  return (
    <Center mih="60vh" p="md">
      <Stack align="center" gap="sm">
        <Title order={1}>{t("errors.brokenTitle")}</Title>
        <Text c="dimmed" ta="center" maw={420}>
          {t("errors.brokenText")}
        </Text>
        <Text className="mono" c="dimmed">
          {reason instanceof Error ? reason.message : String(reason)}
        </Text>
        <Button variant="default" onClick={() => window.location.reload()}>
          {t("errors.reload")}
        </Button>
      </Stack>
    </Center>
  );
}
