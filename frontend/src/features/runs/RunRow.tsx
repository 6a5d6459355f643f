/** One run in the table, or as a card where the table does not fit. */
import { Anchor, Group, Paper, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { RunSummary } from "@/shared/api/runTypes";
import { formatCount, formatDuration, formatUsd } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";
import { StatusBadge } from "@/shared/ui/StatusBadge";

function tokensOf(run: RunSummary): number | null {
  return run.prompt_tokens === null ? null : run.prompt_tokens + (run.completion_tokens ?? 0);
}

/** What tells a run from its neighbours: the question, else the inputs. */
export function titleOf(run: RunSummary): string {
  const inputs = Object.values(run.inputs)
    .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
    .join(" · ");
  return run.query || inputs || run.id.slice(0, 8);
}

export function RunRow({ run, to, withApp, selected }: { run: RunSummary; to: string; withApp: boolean; selected: boolean }) {
  const { i18n } = useTranslation();
  const navigate = useNavigate();
  return (
    <Table.Tr onClick={() => void navigate(to)} style={{ cursor: "pointer" }} bg={selected ? "var(--accent-wash)" : undefined}>
      <Table.Td>
        <StatusBadge status={run.status} />
      </Table.Td>
      {withApp && (
        <Table.Td maw={160}>
          <Text size="sm" truncate>
            {run.app?.name ?? "–"}
          </Text>
        </Table.Td>
      )}
      <Table.Td maw={380}>
        <Anchor component={Link} to={to} c="inherit" size="sm" truncate display="block" onClick={(event) => event.stopPropagation()}>
          {titleOf(run)}
        </Anchor>
      </Table.Td>
      <Table.Td ta="right">{formatCount(tokensOf(run), i18n.language)}</Table.Td>
      <Table.Td ta="right">{formatUsd(run.cost)}</Table.Td>
      <Table.Td ta="right">{formatDuration(run.ttft_ms)}</Table.Td>
      <Table.Td ta="right">{formatDuration(run.elapsed_ms)}</Table.Td>
      <Table.Td ta="right">
        <Text size="sm" c="dimmed" component="span">
          <RelativeTime at={run.created_at} />
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}

export function RunCards({ runs, onOpen }: { runs: RunSummary[]; onOpen: (id: string) => void }) {
  const { t, i18n } = useTranslation();
  return (
    <Stack gap="xs">
      {runs.map((run) => (
        <UnstyledButton key={run.id} onClick={() => onOpen(run.id)}>
          <Paper p="sm">
            <Group justify="space-between" wrap="nowrap">
              <Text size="sm" fw={500} truncate>
                {titleOf(run)}
              </Text>
              <StatusBadge status={run.status} />
            </Group>
            <Group gap="xs" mt={4} wrap="nowrap">
              <Text size="xs" c="dimmed" truncate flex={1} miw={0}>
                {run.app?.name ?? "–"}
              </Text>
              <Text size="xs" c="dimmed" className="numbers" style={{ flex: "none" }}>
                {t("build.tokens", { tokens: formatCount(tokensOf(run), i18n.language) })} · {formatDuration(run.elapsed_ms)} · <RelativeTime at={run.created_at} />
              </Text>
            </Group>
          </Paper>
        </UnstyledButton>
      ))}
    </Stack>
  );
}
