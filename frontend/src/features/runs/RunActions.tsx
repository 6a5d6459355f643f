/** What can be done with a run: stop it, judge it, ask it again on the draft, copy it as a call, go where it came from. */
import { Button, Group, Menu } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconDots, IconListCheck, IconMessages, IconPencil, IconPlayerStopFilled, IconRefresh, IconTerminal2 } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { api, apiUrl, send } from "@/shared/api/client";
import type { RunDetail } from "@/shared/api/runTypes";
import { useMay, useRoute } from "@/shared/api/workspace";
import { AddToTestSet } from "@/shared/evaluations/AddToTestSet";
import { isLive } from "@/shared/sse/runView";
import { notifyError } from "@/shared/ui/notify";
import { Correct } from "./Correct";
import { curlOf } from "./curl";
import { Verdict } from "./Verdict";

/** Starts the run anew on the draft; a run goes on without its listener, and the page reads its trace. */
async function replay(runId: string): Promise<string | null> {
  const abort = new AbortController();
  const response = await send("POST", apiUrl(`/runs/${runId}/replay`), {}, { headers: { Accept: "text/event-stream" }, signal: abort.signal });
  abort.abort();
  return response.headers.get("X-Run-Id");
}

export function RunActions({ run, addressOf }: { run: RunDetail; addressOf: (id: string) => string }) {
  const { t } = useTranslation();
  const may = useMay();
  const navigate = useNavigate();
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => api.post(`/runs/${run.id}/cancel`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["run", run.id] }),
    onError: notifyError,
  });
  const again = useMutation({
    mutationFn: () => replay(run.id),
    onSuccess: (id) => {
      void client.invalidateQueries({ queryKey: ["runs"] });
      if (id) void navigate(addressOf(id));
    },
    onError: notifyError,
  });
  const [adding, setAdding] = useState(false);
  const isOpen = isLive(run.status) || run.status === "paused";
  return (
    <Group gap="xs">
      {may.edit && !isOpen && <Verdict runId={run.id} feedback={run.feedback} />}
      {may.edit && isOpen && (
        <Button size="xs" variant="light" color="red" leftSection={<IconPlayerStopFilled size={14} />} loading={cancel.isPending} onClick={() => cancel.mutate()}>
          {t("runs.cancel")}
        </Button>
      )}
      {may.edit && !isOpen && run.app && run.app.mode !== "workflow" && run.query && <Correct run={run} appId={run.app.id} />}
      {may.edit && run.app && (
        <Button size="xs" variant="default" leftSection={<IconRefresh size={14} />} loading={again.isPending} onClick={() => again.mutate()}>
          {t("runs.replay")}
        </Button>
      )}
      {may.edit && run.app && !isOpen && (
        <Button size="xs" variant="default" leftSection={<IconListCheck size={14} />} onClick={() => setAdding(true)} visibleFrom="xs">
          {t("evaluations.addRun.button")}
        </Button>
      )}
      <AddToTestSet run={run} opened={adding} onClose={() => setAdding(false)} />
      {run.app && <Elsewhere run={run} appId={run.app.id} />}
    </Group>
  );
}

function Elsewhere({ run, appId }: { run: RunDetail; appId: string }) {
  const { t } = useTranslation();
  const route = useRoute();
  const { copied, copy } = useClipboard({ timeout: 1_500 });
  const request = run.request;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" px={8} variant="default" aria-label={t("runs.more")}>
          <IconDots size={16} />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {request && (
          <Menu.Item closeMenuOnClick={false} leftSection={copied ? <IconCheck size={16} /> : <IconTerminal2 size={16} />} onClick={() => copy(curlOf(request, window.location.origin))}>
            {copied ? t("common.copied") : t("runs.copyCurl")}
          </Menu.Item>
        )}
        <Menu.Item component={Link} to={route(`apps/${appId}/build${run.conversation_id && run.source === "console" ? `?conversation=${run.conversation_id}` : ""}`)} leftSection={<IconPencil size={16} />}>
          {t("runs.openApp")}
        </Menu.Item>
        {run.conversation_id && (
          <Menu.Item component={Link} to={`${route("runs")}?conversation=${run.conversation_id}`} leftSection={<IconMessages size={16} />}>
            {t("runs.conversation")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
