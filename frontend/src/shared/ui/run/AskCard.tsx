/** A question that a paused run asks, with the answers to choose from, or a field for one; who shows it has the words. */
import { Alert, Button, Group, Text, Textarea } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { JsonObject } from "@/shared/api/types";
import { JsonTree } from "@/shared/ui/JsonTree";

interface Action {
  id: string;
  title: string;
  primary: boolean;
}

export interface AskWords {
  title: string;
  approvalText: string;
  approve: string;
  refuse: string;
  /** What stands above the arguments of a call that waits for approval. */
  sent: string;
  send: string;
}

interface AskCardProps {
  form: JsonObject;
  words: AskWords;
  busy: boolean;
  onAnswer: (values: JsonObject) => void;
  /** What went wrong. */
  problem?: ReactNode;
}

export function isApproval(form: JsonObject): boolean {
  return form.kind === "tool_approval";
}

function actionsOf(form: JsonObject): Action[] {
  const listed = Array.isArray(form.user_actions) ? form.user_actions : [];
  return listed.flatMap((each) => {
    if (typeof each !== "object" || each === null || Array.isArray(each) || typeof each.id !== "string") return [];
    return [{ id: each.id, title: typeof each.title === "string" ? each.title : each.id, primary: each.button_style === "primary" }];
  });
}

export function AskCard({ form, words, busy, onAnswer, problem }: AskCardProps) {
  const [said, setSaid] = useState("");
  const actions = actionsOf(form);
  const named: Record<string, string> = { approve: words.approve, refuse: words.refuse };
  return (
    <Alert variant="light" color="yellow" icon={<IconHandStop size={18} />} title={words.title}>
      <Text size="sm" mb="xs" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
        {isApproval(form) ? words.approvalText : String(form.form_content ?? form.question ?? "")}
      </Text>
      {isApproval(form) && form.arguments !== undefined && <JsonTree value={form.arguments} label={words.sent} openTo={2} />}
      {actions.length === 0 && <Textarea mt="xs" autosize minRows={2} aria-label={words.title} value={said} onChange={(event) => setSaid(event.currentTarget.value)} />}
      {problem}
      <Group gap="xs" mt="sm">
        {actions.map((action) => (
          <Button key={action.id} size="xs" variant={action.primary ? "filled" : "default"} loading={busy} onClick={() => onAnswer({ action: action.id })}>
            {named[action.id] ?? action.title}
          </Button>
        ))}
        {actions.length === 0 && (
          <Button size="xs" loading={busy} disabled={said.trim() === ""} onClick={() => onAnswer({ said })}>
            {words.send}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
