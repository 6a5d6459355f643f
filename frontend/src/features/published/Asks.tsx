/** What a paused run asks its visitor; with the answer it goes on. */
import { Alert, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { JsonObject } from "@/shared/api/types";
import { JsonTree } from "@/shared/ui/JsonTree";
import type { AskShown } from "./api";
import { useVisit } from "./SiteContext";
import { errorWords } from "./words";

interface AsksProps {
  runId: string;
  asks: AskShown[];
  onAnswered: () => void;
}

export function Asks({ runId, asks, onAnswered }: AsksProps) {
  if (asks.length === 0) return null;
  return (
    <Stack gap="xs" mt="xs">
      {asks.map((ask) => (
        <Ask key={`${ask.node_id}?${ask.ask}`} runId={runId} ask={ask} onAnswered={onAnswered} />
      ))}
    </Stack>
  );
}

function actionsOf(form: JsonObject): { id: string; title: string; primary: boolean }[] {
  const listed = Array.isArray(form.user_actions) ? form.user_actions : [];
  return listed.flatMap((each) => {
    if (typeof each !== "object" || each === null || Array.isArray(each) || typeof each.id !== "string") return [];
    return [{ id: each.id, title: typeof each.title === "string" ? each.title : each.id, primary: each.button_style === "primary" }];
  });
}

function Ask({ runId, ask, onAnswered }: { runId: string; ask: AskShown; onAnswered: () => void }) {
  const { t } = useTranslation();
  const { api } = useVisit();
  const [said, setSaid] = useState("");
  const answer = useMutation({ mutationFn: (values: JsonObject) => api.answer(runId, ask, values), onSuccess: onAnswered });
  const actions = actionsOf(ask.form);
  const approval = ask.form.kind === "tool_approval";
  const title = approval ? t("published.ask.approval", { tool: String(ask.form.tool) }) : t("published.ask.title", { title: ask.title });
  const words: Record<string, string> = { approve: t("published.ask.approve"), refuse: t("published.ask.refuse") };
  return (
    <Alert variant="light" color="yellow" icon={<IconHandStop size={18} />} title={title}>
      <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {approval ? t("published.ask.approvalText") : String(ask.form.form_content ?? ask.form.question ?? "")}
      </Text>
      {approval && ask.form.arguments !== undefined && <JsonTree value={ask.form.arguments} label={t("published.ask.sent")} openTo={2} />}
      {actions.length === 0 && <Textarea mt="xs" autosize minRows={2} aria-label={title} value={said} onChange={(event) => setSaid(event.currentTarget.value)} />}
      {answer.isError && (
        <Text size="sm" c="red" mt="xs" role="alert">
          {errorWords(t, answer.error)}
        </Text>
      )}
      <Group gap="xs" mt="sm">
        {actions.map((action) => (
          <Button key={action.id} size="xs" variant={action.primary ? "filled" : "default"} loading={answer.isPending} onClick={() => answer.mutate({ action: action.id })}>
            {words[action.id] ?? action.title}
          </Button>
        ))}
        {actions.length === 0 && (
          <Button size="xs" loading={answer.isPending} disabled={said.trim() === ""} onClick={() => answer.mutate({ said })}>
            {t("published.ask.send")}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
