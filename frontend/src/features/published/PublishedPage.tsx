/** The published page of an app: opens it, greets its visitor, and shows a chat or a form. */
import { Box, Button, Center, Loader, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconDoorOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/shared/api/client";
import { offerLanguage } from "@/shared/i18n";
import type { SiteOffer } from "@/shared/site/types";
import { SiteApi } from "./api";
import { ChatPage } from "./ChatPage";
import { FormPage } from "./form/FormPage";
import { VisitContext } from "./SiteContext";
import { errorWords } from "./words";

interface PublishedPageProps {
  code: string;
  embedded: boolean;
  onOffer: (offer: SiteOffer) => void;
}

export function PublishedPage({ code, embedded, onOffer }: PublishedPageProps) {
  const { t } = useTranslation();
  const api = useMemo(() => new SiteApi(code, embedded), [code, embedded]);
  const opened = useQuery({
    queryKey: ["offer", code],
    queryFn: async () => {
      const offer = await api.offer();
      await Promise.all([api.visit(), offerLanguage(offer.language)]);
      onOffer(offer);
      return offer;
    },
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
  const offer = opened.data;
  useEffect(() => {
    document.title = offer?.name ?? t("published.closed.title");
  }, [offer, t]);
  if (offer) {
    const isForm = offer.mode === "completion" || offer.mode === "workflow";
    return <VisitContext value={{ api, offer, embedded }}>{isForm ? <FormPage /> : <ChatPage />}</VisitContext>;
  }
  if (!opened.isError) {
    return (
      <Center mih="100dvh" role="status" aria-label={t("common.loading")}>
        <Loader size="sm" />
      </Center>
    );
  }
  const closed = opened.error instanceof ApiError && opened.error.status === 404;
  return (
    <Box component="main">
      <Center mih="100dvh" p="md">
        <Stack align="center" gap="sm">
          <ThemeIcon size={52} radius="lg" variant="light" color="gray">
            <IconDoorOff size={26} stroke={1.6} />
          </ThemeIcon>
          <Title order={1} ta="center">
            {closed ? t("published.closed.title") : t("errors.unknown")}
          </Title>
          <Text c="dimmed" ta="center" maw={400}>
            {closed ? t("published.closed.text") : errorWords(t, opened.error)}
          </Text>
          {!closed && (
            <Button variant="default" onClick={() => void opened.refetch()}>
              {t("common.retry")}
            </Button>
          )}
        </Stack>
      </Center>
    </Box>
  );
}
