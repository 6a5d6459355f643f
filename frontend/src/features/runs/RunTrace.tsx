/** One run: what it was asked and answered, its numbers, the waterfall of its nodes, its events. */
import { Alert, Button, Group, Paper, SimpleGrid, Stack, Tabs, Text } from "@mantine/core";
import { IconAlertTriangle, IconPlayerStopFilled } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api } from "@/shared/api/client";
import type { RunDetail } from "@/shared/api/runTypes";
import type { Source } from "@/shared/api/events";
import { useRoute } from "@/shared/api/workspace";
import { formatCount, formatDuration, formatUsd } from "@/shared/format/numbers";
import { isLive } from "@/shared/sse/runView";
import { RelativeTime, ShortId } from "@/shared/ui/bits";
import { errorTextOf } from "@/shared/ui/errorText";
import { Markdown } from "@/shared/ui/markdown/Markdown";
import { notifyError } from "@/shared/ui/notify";
import { FeedbackButtons } from "@/shared/ui/run/Feedback";
import { PassageDrawer, Sources } from "@/shared/ui/run/Sources";
import { Loaded } from "@/shared/ui/states";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import { RunEvents } from "./RunEvents";
import { titleOf } from "./RunRow";
import { Waterfall } from "./Waterfall";

export function RunTrace({ runId }: { runId: string }) {
  const run = useQuery({
    queryKey: ["run", runId],
    queryFn: () => api.get<RunDetail>(`/runs/${runId}`),
    refetchInterval: (query) => (query.state.data && isLive(query.state.data.status) ? 1_500 : false),
  });
  return <Loaded query={run}>{(loaded) => <Trace run={loaded} />}</Loaded>;
}

/** The passages of the whole run: those of its last node that has any. */
function sourcesOf(run: RunDetail): Source[] {
  return run.nodes.findLast((node) => node.sources && node.sources.length > 0)?.sources ?? [];
}

function Trace({ run }: { run: RunDetail }) {
  const { t } = useTranslation();
  const [tab, setTab] = useState<string | null>("trace");
  const [open, setOpen] = useState<number | null>(null);
  const sources = sourcesOf(run);
  return (
    <Stack>
      <Head run={run} />
      {run.error && <RunError {...run.error} />}
      <Numbers run={run} />
      <Paper p="md">
        <Text size="xs" c="dimmed" fw={500}>
          {t("runs.question")}
        </Text>
        <Text mb="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {titleOf(run)}
        </Text>
        <Text size="xs" c="dimmed" fw={500}>
          {t("runs.answer")}
        </Text>
        {run.answer ? <Markdown text={run.answer} positions={sources.map((source) => source.position)} onCite={setOpen} /> : <Text c="dimmed">–</Text>}
        <Sources sources={sources} onOpen={setOpen} />
        <PassageDrawer source={sources.find((source) => source.position === open) ?? null} onClose={() => setOpen(null)} />
      </Paper>
      <Tabs value={tab} onChange={setTab} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="trace">{t("runs.trace")}</Tabs.Tab>
          <Tabs.Tab value="events">{t("runs.events")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="trace" pt="md">
          <Waterfall run={run} />
        </Tabs.Panel>
        <Tabs.Panel value="events" pt="md">
          <RunEvents runId={run.id} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Head({ run }: { run: RunDetail }) {
  const { t } = useTranslation();
  const route = useRoute();
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => api.post(`/runs/${run.id}/cancel`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["run", run.id] }),
    onError: notifyError,
  });
  return (
    <Group justify="space-between">
      <Group gap="md">
        <StatusBadge status={run.status} />
        <ShortId id={run.id} />
        <Text size="sm" c="dimmed">
          <RelativeTime at={run.created_at} /> · {t(`runs.sourceNames.${run.source}`)}
          {run.attempt > 0 && ` · ${t("runs.attempt", { number: run.attempt + 1 })}`}
        </Text>
      </Group>
      <Group gap="xs">
        {isLive(run.status) ? (
          <Button size="xs" variant="light" color="red" leftSection={<IconPlayerStopFilled size={14} />} loading={cancel.isPending} onClick={() => cancel.mutate()}>
            {t("runs.cancel")}
          </Button>
        ) : (
          <FeedbackButtons key={run.feedback?.rating ?? "none"} runId={run.id} initial={run.feedback?.rating ?? null} />
        )}
        {run.app && (
          <Button size="xs" variant="default" component={Link} to={route(`apps/${run.app.id}/build${run.conversation_id ? `?conversation=${run.conversation_id}` : ""}`)}>
            {t("runs.openApp")}
          </Button>
        )}
      </Group>
    </Group>
  );
}

function RunError({ code, message }: { code: string; message: string }) {
  const { t } = useTranslation();
  const { title, detail } = errorTextOf(t, code, message);
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={title}>
      {detail}
      <Text className="mono" c="dimmed">
        {code}
      </Text>
    </Alert>
  );
}

function Numbers({ run }: { run: RunDetail }) {
  const { t, i18n } = useTranslation();
  const facts: [string, string][] = [
    [t("runs.time"), formatDuration(run.elapsed_ms)],
    [t("runs.firstToken"), formatDuration(run.ttft_ms)],
    [t("runs.promptTokens"), formatCount(run.prompt_tokens, i18n.language)],
    [t("runs.completionTokens"), formatCount(run.completion_tokens, i18n.language)],
    [t("runs.cost"), formatUsd(run.cost)],
    [t("runs.model"), run.model ?? "–"],
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 3 }} spacing="xs">
      {facts.map(([label, value]) => (
        <Paper key={label} px="sm" py={8}>
          <Text size="xs" c="dimmed">
            {label}
          </Text>
          <Text fw={500} className="numbers" truncate title={value}>
            {value}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}
