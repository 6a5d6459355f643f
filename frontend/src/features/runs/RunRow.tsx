/** One run in the table, or as a card where the table does not fit. */
import { Anchor, Group, Text, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { RunSummary } from "@/shared/api/runTypes";
import { formatCount, formatDuration, formatUsd } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import classes from "./runs.module.css";

const TITLE_CHARS = 300;

/** What tells a run from its neighbours: the question, else the inputs. */
export function titleOf(run: RunSummary): string {
  const inputs = Object.values(run.inputs)
    .map((value) => (typeof value === "string" ? value : JSON.stringify(value)))
    .join(" · ");
  return run.query || inputs || run.id.slice(0, 8);
}

const shortTitle = (run: RunSummary) => titleOf(run).slice(0, TITLE_CHARS);

export function RunRow({ run, to, withApp, selected }: { run: RunSummary; to: string; withApp: boolean; selected: boolean }) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  return (
    <tr onClick={() => void navigate(to)} data-selected={selected || undefined}>
      <td>
        <StatusBadge status={run.status} />
      </td>
      {withApp && <td>{run.app?.name ?? "–"}</td>}
      <td>
        <Anchor component={Link} to={to} c="inherit" size="sm" truncate display="block" onClick={(event) => event.stopPropagation()}>
          {shortTitle(run)}
        </Anchor>
      </td>
      <td className={classes.quiet}>{t(`runs.sourceNames.${run.source}`)}</td>
      <td data-number>{formatCount(run.prompt_tokens + run.completion_tokens, i18n.language)}</td>
      <td data-number>{formatUsd(run.cost)}</td>
      <td data-number>{formatDuration(run.ttft_ms)}</td>
      <td data-number>{formatDuration(run.elapsed_ms)}</td>
      <td data-number className={classes.quiet}>
        <RelativeTime at={run.created_at} />
      </td>
    </tr>
  );
}

export function RunCard({ run, height, onOpen }: { run: RunSummary; height: number; onOpen: () => void }) {
  const { t, i18n } = useTranslation();
  return (
    <div style={{ height, paddingBottom: 8 }}>
      <UnstyledButton onClick={onOpen} className={classes.card}>
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" fw={500} truncate>
            {shortTitle(run)}
          </Text>
          <StatusBadge status={run.status} />
        </Group>
        <Group gap="xs" mt={4} wrap="nowrap">
          <Text size="xs" c="dimmed" truncate flex={1} miw={0}>
            {run.app?.name ?? "–"}
          </Text>
          <Text size="xs" c="dimmed" className="numbers" style={{ flex: "none" }}>
            {t("build.tokens", { tokens: formatCount(run.prompt_tokens + run.completion_tokens, i18n.language) })} · {formatDuration(run.elapsed_ms)} · <RelativeTime at={run.created_at} />
          </Text>
        </Group>
      </UnstyledButton>
    </div>
  );
}
