/** What a paused run asks a person, with the answers to choose from; the run goes on with the one that is given. */
import { Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { RunAsk } from "@/shared/api/runTypes";
import type { JsonObject } from "@/shared/api/types";
import { notifyError } from "@/shared/ui/notify";
import { AskCard, isApproval } from "./AskCard";

export function Asks({ runId, asks }: { runId: string; asks: RunAsk[] }) {
  return (
    <Stack gap="xs">
      {asks.map((ask) => (
        <Ask key={`${ask.node_id}?${ask.ask}`} runId={runId} ask={ask} />
      ))}
    </Stack>
  );
}

function Ask({ runId, ask }: { runId: string; ask: RunAsk }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const answer = useMutation({
    mutationFn: (values: JsonObject) => api.post(`/runs/${runId}/answer`, { node_id: ask.node_id, ask: ask.ask, values }),
    onSettled: () => client.invalidateQueries({ queryKey: ["run", runId] }),
    onError: notifyError,
  });
  const words = {
    title: isApproval(ask.form) ? t("runs.approvalTitle", { tool: String(ask.form.tool) }) : t("runs.askTitle", { title: ask.title }),
    approvalText: t("runs.approvalText"),
    approve: t("runs.approve"),
    refuse: t("runs.refuse"),
    sent: t("runs.arguments"),
    send: t("runs.sendAnswer"),
  };
  return <AskCard form={ask.form} words={words} busy={answer.isPending} onAnswer={(values) => answer.mutate(values)} />;
}
