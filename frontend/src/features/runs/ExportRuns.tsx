/** The runs that the filters choose, as a file: asked for here, written behind the page, kept for a week. */
import { ActionIcon, Anchor, Button, Group, Menu, Modal, Progress, Stack, Text } from "@mantine/core";
import { IconDownload, IconHistory, IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { api, apiUrl } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import { useMay, useWorkspace } from "@/shared/api/workspace";
import { formatBytes, formatCount } from "@/shared/format/numbers";
import type { RunExport } from "@/shared/jobs/exports";
import { RelativeTime } from "@/shared/ui/bits";
import { notifyError } from "@/shared/ui/notify";
import { Loaded } from "@/shared/ui/states";
import type { Filters } from "./filters";

const BUSY_MS = 2_000;
const SHOWN = 20;
const OPEN = "exports";

export function ExportRuns({ filters }: { filters: Filters }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const [search, setSearch] = useSearchParams();
  const show = (opened: boolean) =>
    setSearch(
      (params) => {
        if (opened) params.set(OPEN, "open");
        else params.delete(OPEN);
        return params;
      },
      { replace: true },
    );
  const start = useMutation({
    mutationFn: (form: "csv" | "jsonl") => api.post<RunExport>("/run-exports", { form, filters }),
    onSuccess: async () => {
      show(true);
      await Promise.all([client.invalidateQueries({ queryKey: ["run-exports"] }), client.invalidateQueries({ queryKey: ["jobs"] })]);
    },
    onError: notifyError,
  });
  return (
    <>
      <Menu position="bottom-end" width={250}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconDownload size={16} />} loading={start.isPending}>
            {t("runs.exports.title")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {may.edit && (
            <>
              <Menu.Label>{t(Object.keys(filters).length > 0 ? "runs.exports.filtered" : "runs.exports.all")}</Menu.Label>
              <Menu.Item onClick={() => start.mutate("csv")}>{t("runs.exports.csv")}</Menu.Item>
              <Menu.Item onClick={() => start.mutate("jsonl")}>{t("runs.exports.jsonl")}</Menu.Item>
              <Menu.Divider />
            </>
          )}
          <Menu.Item leftSection={<IconHistory size={16} />} onClick={() => show(true)}>
            {t("runs.exports.list")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={search.get(OPEN) === "open"} onClose={() => show(false)} title={t("runs.exports.list")} size="lg">
        <ExportList />
      </Modal>
    </>
  );
}

function ExportList() {
  const { t } = useTranslation();
  const exports = useQuery({
    queryKey: ["run-exports"],
    queryFn: () => api.get<Page<RunExport>>("/run-exports", { limit: SHOWN }),
    refetchInterval: (query) => (query.state.data?.results.some(isGoing) ? BUSY_MS : false),
  });
  return (
    <Loaded query={exports}>
      {({ results }) => (
        <Stack gap="md">
          {results.length === 0 && <Text c="dimmed">{t("runs.exports.none")}</Text>}
          {results.map((one) => (
            <ExportRow key={one.id} one={one} />
          ))}
          <Text size="xs" c="dimmed">
            {t("runs.exports.kept")}
          </Text>
        </Stack>
      )}
    </Loaded>
  );
}

const isGoing = (one: RunExport) => one.status === "queued" || one.status === "running";

function ExportRow({ one }: { one: RunExport }) {
  const { t, i18n } = useTranslation();
  const workspace = useWorkspace();
  const may = useMay();
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => api.post(`/run-exports/${one.id}/cancel`),
    onSettled: () => client.invalidateQueries({ queryKey: ["run-exports"] }),
    onError: notifyError,
  });
  const filters = Object.entries(one.filters).map(([name, value]) => `${name}: ${value}`);
  const what = [one.form.toUpperCase(), t("runs.counted", { count: one.done, number: formatCount(one.done, i18n.language) }), ...(one.size_bytes === null ? [] : [formatBytes(one.size_bytes)])];
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        {one.size_bytes === null ? (
          <Text fw={500}>{t(`runs.exports.states.${one.status === "finished" ? "gone" : one.status}`)}</Text>
        ) : (
          <Anchor href={apiUrl(`/run-exports/${one.id}/file`, { workspace: workspace.id })} download fw={500} style={{ overflowWrap: "anywhere" }}>
            {one.name}
          </Anchor>
        )}
        <Group gap="xs" wrap="nowrap">
          <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
            <RelativeTime at={one.created_at} />
          </Text>
          {isGoing(one) && may.edit && (
            <ActionIcon variant="subtle" color="gray" size="sm" loading={cancel.isPending} onClick={() => cancel.mutate()} aria-label={t("runs.exports.cancel")}>
              <IconX size={14} />
            </ActionIcon>
          )}
        </Group>
      </Group>
      {isGoing(one) && <Progress size={4} value={one.total ? (100 * one.done) / one.total : 100} animated={one.total === null} aria-label={t("runs.exports.states.running")} />}
      <Text size="xs" c={one.reason ? "var(--danger-text)" : "dimmed"} style={{ overflowWrap: "anywhere" }}>
        {one.reason || [...what, ...filters].join(" · ")}
      </Text>
    </Stack>
  );
}
