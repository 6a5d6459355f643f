/** One conversation of the visitor: what is stored, what streams now, and which one is open. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Json } from "@/shared/api/types";
import { useRun } from "@/shared/sse/useRun";
import type { FileShown } from "./api";
import { keep, kept } from "./memory";
import { useVisit } from "./SiteContext";
import { isLiveTurn, turnOfLive, turnsOf } from "./turn";
import { useAddress } from "./useAddress";

export function useTalk() {
  const client = useQueryClient();
  const { api, embedded } = useVisit();
  const memory = `talk-${api.code}`;
  // In a frame the address starts anew with the page around it: the last conversation is remembered instead.
  const [id, setId] = useAddress("c", embedded ? kept(memory) : null);
  const [sent, setSent] = useState<FileShown[]>([]);
  const stored = useInfiniteQuery({
    queryKey: ["messages", api.code, id],
    queryFn: ({ pageParam }) => api.messages(id ?? "", pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled: id !== null,
    staleTime: Infinity,
  });
  const { run, startFrom, attach, stop, clear, live } = useRun((view) => {
    void client.invalidateQueries({ queryKey: ["talks", api.code] });
    if (view.conversationId) void client.invalidateQueries({ queryKey: ["messages", api.code, view.conversationId] });
  }, api.door);

  const select = useCallback(
    (next: string | null) => {
      setId(next);
      if (embedded) keep(memory, next);
    },
    [setId, embedded, memory],
  );
  // A new conversation has its address as soon as its first run has named it, once: the way back stays open.
  const named = run?.view.conversationId ?? null;
  const taken = useRef<string | null>(null);
  useEffect(() => {
    if (!named || taken.current === named) return;
    taken.current = named;
    if (named === id) return;
    select(named);
    void client.invalidateQueries({ queryKey: ["talks", api.code] });
  }, [named, id, select, client, api.code]);

  const runs = useMemo(() => (stored.data?.pages ?? []).flatMap((page) => page.results).reverse(), [stored.data]);
  // A reloaded page follows the run that still goes on.
  const attached = useRef<string | null>(null);
  const last = runs.at(-1);
  useEffect(() => {
    if (!last || run || (last.status !== "queued" && last.status !== "running") || attached.current === last.id) return;
    attached.current = last.id;
    setSent(last.files);
    void attach(last.id, last.query);
  }, [last, run, attach]);

  // What is stored knows more of an ended run (its rating, what it asks): it takes the live one's place.
  const ended = run && !live && !run.error && runs.some((each) => each.id === run.view.runId && each.status === run.view.status);
  const isHere = named === null || named === id || id === null;
  const turns = useMemo(() => turnsOf(runs, run && isHere && !ended ? turnOfLive(run, sent) : null), [runs, run, isHere, ended, sent]);

  const ask = useCallback(
    (query: string, inputs: Record<string, Json>, files: FileShown[]) => {
      setSent(files);
      const body = { query, inputs, files: files.map((file) => file.id), ...(id ? { conversation_id: id } : {}) };
      return startFrom(api.askPath, query, body);
    },
    [api.askPath, id, startFrom],
  );
  const open = useCallback(
    (next: string | null) => {
      clear();
      attached.current = null;
      taken.current = null;
      select(next);
    },
    [clear, select],
  );
  /** After its answer a paused run goes on: it is followed again. */
  const goOn = useCallback(
    (runId: string, query: string) => {
      attached.current = runId;
      void attach(runId, query);
    },
    [attach],
  );
  return { id, stored, turns, live: live || turns.some(isLiveTurn), ask, stop: () => void stop().catch(() => undefined), open, goOn };
}

export type TalkState = ReturnType<typeof useTalk>;
