/** A conversation with the draft or a variant: its messages from the server, its live run on top. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import type { Message } from "@/shared/api/runTypes";
import { isLive } from "@/shared/sse/runView";
import type { RunRequest } from "@/shared/sse/runStream";
import { useRun } from "@/shared/sse/useRun";
import type { Inputs } from "./VariableInputs";

const MESSAGES_LIMIT = 100;

async function allMessages(appId: string, conversationId: string): Promise<Message[]> {
  const messages: Message[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<Message> = await api.get(`/apps/${appId}/conversations/${conversationId}/messages`, { limit: MESSAGES_LIMIT, cursor });
    messages.push(...page.results);
    cursor = page.next;
  } while (cursor);
  return messages;
}

interface Conversing {
  appId: string;
  /** Which conversation is open; its owner keeps the id, in the address for instance. */
  conversationId: string | null;
  select: (id: string | null) => void;
}

export function useConversation({ appId, conversationId, select }: Conversing) {
  const client = useQueryClient();
  const messages = useQuery({
    queryKey: ["messages", appId, conversationId],
    queryFn: () => allMessages(appId, conversationId ?? ""),
    enabled: conversationId !== null,
    staleTime: Infinity,
  });
  const { run, start, attach, stop, clear, live } = useRun(() => {
    void client.invalidateQueries({ queryKey: ["messages", appId] });
    void client.invalidateQueries({ queryKey: ["conversations", appId] });
    void client.invalidateQueries({ queryKey: ["runs"] });
  });

  // A new conversation is selected as soon as its first run has named it: once a run, others may be opened meanwhile.
  const [named, namedBy] = [run?.view.conversationId ?? null, run?.view.runId ?? null];
  const chosenFor = useRef<string | null>(null);
  useEffect(() => {
    if (!named || chosenFor.current === namedBy) return;
    chosenFor.current = namedBy;
    if (named !== conversationId) select(named);
  }, [named, namedBy, conversationId, select]);

  // A reloaded page follows the run that is still going.
  const attached = useRef<string | null>(null);
  const last = messages.data?.at(-1);
  useEffect(() => {
    if (!last || run || !isLive(last.status) || attached.current === last.id) return;
    attached.current = last.id;
    void attach(last.id, last.query ?? "");
  }, [last, run, attach]);

  const send = useCallback(
    (query: string, inputs: Inputs, variant: Pick<RunRequest, "version" | "overrides" | "files"> = {}) =>
      start(appId, { query, inputs, ...variant, ...(conversationId ? { conversation_id: conversationId } : {}) }),
    [appId, conversationId, start],
  );
  const open = useCallback(
    (id: string | null) => {
      clear();
      select(id);
    },
    [clear, select],
  );
  const stored = (messages.data ?? []).filter((message) => message.id !== run?.view.runId);
  return { messages, stored, run, live, send, stop, open };
}
