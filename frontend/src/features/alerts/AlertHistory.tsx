/** What an alert saw, newest first, and what became of each message. */
import { Badge, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import { RelativeTime } from "@/shared/ui/bits";
import { Loaded } from "@/shared/ui/states";
import { valueText, type Alert, type AlertEvent } from "./alerts";

const COLORS = { held: "gray", waiting: "yellow", sent: "accent", failed: "red", skipped: "gray" } as const;
const POLL_MS = 15_000;

export function AlertHistory({ alert }: { alert: Alert }) {
  const { t } = useTranslation();
  const events = useQuery({
    queryKey: ["alert-events", alert.id],
    queryFn: () => api.get<Page<AlertEvent>>(`/alerts/${alert.id}/events`, { limit: 50 }),
    select: (page) => page.results,
    refetchInterval: POLL_MS,
  });
  return (
    <Loaded query={events}>
      {(list) =>
        list.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("alerts.noHistory")}
          </Text>
        ) : (
          <Stack gap="xs">
            {list.map((event) => (
              <Stack key={event.id} gap={0}>
                <Group gap="xs">
                  <Text size="xs" c="dimmed" w={110}>
                    <RelativeTime at={event.created_at} />
                  </Text>
                  <Text size="sm">{t(`alerts.kinds.${event.kind}`)}</Text>
                  <Text size="sm" className="numbers">
                    {valueText(alert.metric, event.value)}
                  </Text>
                  <Badge color={COLORS[event.delivery]} variant="light">
                    {t(`alerts.deliveries.${event.delivery}`, { count: event.attempts })}
                  </Badge>
                </Group>
                {event.error && (
                  <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                    {event.error}
                  </Text>
                )}
              </Stack>
            ))}
          </Stack>
        )
      }
    </Loaded>
  );
}
