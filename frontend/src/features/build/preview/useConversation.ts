/** The conversation of the preview: its id in the address, its messages from the server, its live run on top. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { useSearchParams } from "react-router";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import type { Message } from "@/shared/api/runTypes";
import { useDraft } from "@/shared/draft/DraftContext";
import { isLive } from "@/shared/sse/runView";
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

export function useConversation(appId: string) {
  const client = useQueryClient();
  const flush = useDraft((state) => state.flush);
  const [search, setSearch] = useSearchParams();
  const conversationId = search.get("conversation");
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

  const select = useCallback(
    (id: string | null) =>
      setSearch(
        (params) => {
          if (id) params.set("conversation", id);
          else params.delete("conversation");
          return params;
        },
        { replace: true },
      ),
    [setSearch],
  );

  // A new conversation gets its address as soon as its first run has named it.
  const named = run?.view.conversationId ?? null;
  useEffect(() => {
    if (named && named !== conversationId && live) select(named);
  }, [named, conversationId, live, select]);

  // A reloaded page follows the run that is still going.
  const attached = useRef<string | null>(null);
  const last = messages.data?.at(-1);
  useEffect(() => {
    if (!last || run || !isLive(last.status) || attached.current === last.id) return;
    attached.current = last.id;
    void attach(last.id, last.query ?? "");
  }, [last, run, attach]);

  const send = useCallback(
    async (query: string, inputs: Inputs) => {
      await flush();
      await start(appId, { query, inputs, ...(conversationId ? { conversation_id: conversationId } : {}) });
    },
    [appId, conversationId, flush, start],
  );
  const open = useCallback(
    (id: string | null) => {
      clear();
      select(id);
    },
    [clear, select],
  );
  const stored = (messages.data ?? []).filter((message) => message.id !== run?.view.runId);
  return { conversationId, messages, stored, run, live, send, stop, open };
}
