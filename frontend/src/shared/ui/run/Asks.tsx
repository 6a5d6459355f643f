/** What a paused run asks a person, with the answers to choose from; the run goes on with the one that is given. */
import { Alert, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { RunAsk } from "@/shared/api/runTypes";
import type { JsonObject } from "@/shared/api/types";
import { JsonTree } from "@/shared/ui/JsonTree";
import { notifyError } from "@/shared/ui/notify";

interface Action {
  id: string;
  title: string;
  primary: boolean;
}

function actionsOf(form: JsonObject): Action[] {
  const listed = Array.isArray(form.user_actions) ? form.user_actions : [];
  return listed.flatMap((each) => {
    if (typeof each !== "object" || each === null || Array.isArray(each) || typeof each.id !== "string") return [];
    return [{ id: each.id, title: typeof each.title === "string" ? each.title : each.id, primary: each.button_style === "primary" }];
  });
}

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
  const [said, setSaid] = useState("");
  const answer = useMutation({
    mutationFn: (values: JsonObject) => api.post(`/runs/${runId}/answer`, { node_id: ask.node_id, ask: ask.ask, values }),
    onSettled: () => client.invalidateQueries({ queryKey: ["run", runId] }),
    onError: notifyError,
  });
  const actions = actionsOf(ask.form);
  const isApproval = ask.form.kind === "tool_approval";
  const title = isApproval ? t("runs.approvalTitle", { tool: String(ask.form.tool) }) : t("runs.askTitle", { title: ask.title });
  const words: Record<string, string> = { approve: t("runs.approve"), refuse: t("runs.refuse") };
  return (
    <Alert variant="light" color="yellow" icon={<IconHandStop size={18} />} title={title}>
      <Text size="sm" mb="xs" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {isApproval ? t("runs.approvalText") : String(ask.form.form_content ?? ask.form.question ?? "")}
      </Text>
      {isApproval && ask.form.arguments !== undefined && <JsonTree value={ask.form.arguments} label={t("runs.arguments")} openTo={2} />}
      {actions.length === 0 && <Textarea mt="xs" autosize minRows={2} aria-label={title} value={said} onChange={(event) => setSaid(event.currentTarget.value)} />}
      <Group gap="xs" mt="sm">
        {actions.map((action) => (
          <Button key={action.id} size="xs" variant={action.primary ? "filled" : "default"} loading={answer.isPending} onClick={() => answer.mutate({ action: action.id })}>
            {words[action.id] ?? action.title}
          </Button>
        ))}
        {actions.length === 0 && (
          <Button size="xs" loading={answer.isPending} disabled={said.trim() === ""} onClick={() => answer.mutate({ said })}>
            {t("runs.sendAnswer")}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
