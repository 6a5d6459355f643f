/** One run: what it was asked and answered, its numbers, the waterfall of its nodes, its events. */
import { Alert, Badge, Group, Paper, SimpleGrid, Stack, Tabs, Text, Tooltip } from "@mantine/core";
import { IconAlertTriangle, IconEyeOff, IconPaperclip } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunDetail } from "@/shared/api/runTypes";
import type { Source } from "@/shared/api/events";
import { formatCount, formatDuration, formatUsd } from "@/shared/format/numbers";
import { RelativeTime, ShortId } from "@/shared/ui/bits";
import { errorTextOf } from "@/shared/ui/errorText";
import { Markdown } from "@/shared/ui/markdown/Markdown";
import { PassageDrawer, Sources } from "@/shared/ui/run/Sources";
import { Loaded } from "@/shared/ui/states";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import { Asks } from "@/shared/ui/run/Asks";
import { useRunDetail } from "./queries";
import { RunActions } from "./RunActions";
import { RunEvents } from "./RunEvents";
import { titleOf } from "./RunRow";
import { Waterfall } from "./Waterfall";

export function RunTrace({ runId, addressOf }: { runId: string; addressOf: (id: string) => string }) {
  const run = useRunDetail(runId);
  return <Loaded query={run}>{(loaded) => <Trace run={loaded} addressOf={addressOf} />}</Loaded>;
}

/** The passages of the whole run: those of its last node that has any. */
function sourcesOf(run: RunDetail): Source[] {
  return run.nodes.findLast((node) => node.sources && node.sources.length > 0)?.sources ?? [];
}

function Trace({ run, addressOf }: { run: RunDetail; addressOf: (id: string) => string }) {
  const { t } = useTranslation();
  const [tab, setTab] = useState<string | null>("trace");
  const [open, setOpen] = useState<number | null>(null);
  const sources = sourcesOf(run);
  return (
    <Stack>
      <Head run={run} addressOf={addressOf} />
      {run.error && <RunError {...run.error} />}
      {run.asks.length > 0 && <Asks runId={run.id} asks={run.asks} />}
      <Numbers run={run} />
      <Paper p="md">
        <Text size="xs" c="dimmed" fw={500}>
          {t("runs.question")}
        </Text>
        <Text mb="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
          {titleOf(run)}
        </Text>
        {run.files.length > 0 && (
          <Group gap={6} mb="sm" c="dimmed" wrap="nowrap">
            <IconPaperclip size={15} style={{ flex: "none" }} />
            <Text size="sm" style={{ overflowWrap: "anywhere" }}>
              {run.files.map((file) => file.name).join(", ")}
            </Text>
          </Group>
        )}
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

function Head({ run, addressOf }: { run: RunDetail; addressOf: (id: string) => string }) {
  const { t } = useTranslation();
  const who = run.member?.name || run.end_user;
  return (
    <Group justify="space-between" gap="xs">
      <Group gap="md">
        <StatusBadge status={run.status} />
        {run.is_redacted && (
          <Tooltip label={t("runs.redactedWhy")} multiline maw={280}>
            <Badge variant="default" leftSection={<IconEyeOff size={12} />} tabIndex={0}>
              {t("runs.redacted")}
            </Badge>
          </Tooltip>
        )}
        <ShortId id={run.id} />
        <Text size="sm" c="dimmed">
          <RelativeTime at={run.created_at} /> · {t(`runs.sourceNames.${run.source}`)}
          {run.app_version !== null && ` · ${t("runs.versionNumber", { number: run.app_version })}`}
          {run.attempt > 0 && ` · ${t("runs.attempt", { number: run.attempt + 1 })}`}
          {who && ` · ${who}`}
          {run.key && ` · ${t("runs.withKey", { name: run.key.name })}`}
        </Text>
      </Group>
      <RunActions run={run} addressOf={addressOf} />
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
