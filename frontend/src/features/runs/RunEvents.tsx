/** The raw events of a run, replayed from its stream; deltas of one node in a row stand on one line. */
import { Group, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/shared/api/client";
import type { RunEvent } from "@/shared/api/events";
import type { JsonObject } from "@/shared/api/types";
import { attachRun } from "@/shared/sse/runStream";
import { JsonTree } from "@/shared/ui/JsonTree";
import { ErrorState } from "@/shared/ui/states";

const FLUSH_MS = 100;

/** Joins neighbouring deltas of a node, so that a long answer is one entry. */
export function joinDeltas(events: RunEvent[]): RunEvent[] {
  const joined: RunEvent[] = [];
  for (const event of events) {
    const last = joined.at(-1);
    if (event.kind === "text_delta" && last?.kind === "text_delta" && last.node_id === event.node_id) {
      joined[joined.length - 1] = { ...last, text: last.text + event.text };
    } else joined.push(event);
  }
  return joined;
}

/** What an event says beyond what all events say. */
function EventData({ event }: { event: RunEvent }) {
  const { t } = useTranslation();
  const common = ["kind", "seq", "at", "run_id"];
  const data = Object.fromEntries(Object.entries(event).filter(([name]) => !common.includes(name))) as JsonObject;
  return Object.keys(data).length > 0 ? <JsonTree label={t("runs.data")} value={data} /> : null;
}

export function RunEvents({ runId }: { runId: string }) {
  const { t } = useTranslation();
  const [events, setEvents] = useState<RunEvent[]>([]);
  const [error, setError] = useState<ApiError | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const seen: RunEvent[] = [];
    const timer = setInterval(() => setEvents((shown) => (shown.length === seen.length ? shown : [...seen])), FLUSH_MS);
    const read = async () => {
      try {
        for await (const event of attachRun(runId, { signal: abort.signal })) seen.push(event);
      } catch (reason) {
        if (reason instanceof ApiError) setError(reason);
      }
      clearInterval(timer);
      if (!abort.signal.aborted) setEvents([...seen]);
    };
    void read();
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, [runId]);
  if (error) return <ErrorState error={error} />;
  return (
    <Stack gap="xs" aria-label={t("runs.events")}>
      {joinDeltas(events).map((event) => (
        <Stack key={event.seq} gap={4}>
          <Group gap="sm">
            <Text className="mono" c="dimmed">
              {event.seq}
            </Text>
            <Text className="mono" fw={500}>
              {event.kind}
            </Text>
            <Text className="mono" c="dimmed">
              {event.at.slice(11, 23)}
            </Text>
          </Group>
          <EventData event={event} />
        </Stack>
      ))}
    </Stack>
  );
}
