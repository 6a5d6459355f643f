/** One conversation with any chat model: asks, follows the stream, stops. */
import { useCallback, useEffect, useRef, useState } from "react";
import { apiUrl, send } from "@/shared/api/client";
import { SseParser } from "@/shared/sse/parser";

export interface Turn {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface Parameters {
  temperature: number;
  max_tokens: number;
}

export interface AnswerEnd {
  finish_reason: string;
  prompt_tokens: number;
  completion_tokens: number;
  first_ms: number;
  elapsed_ms: number;
  tokens_per_s: number;
}

interface State {
  turns: Turn[];
  isAsking: boolean;
  end: AnswerEnd | null;
  problem: unknown;
}

const EMPTY: State = { turns: [], isAsking: false, end: null, problem: null };

export function bodyOf(model: string, system: string, turns: Turn[], parameters: Parameters) {
  const first: Turn[] = system.trim() ? [{ role: "system", content: system }] : [];
  return { model, messages: [...first, ...turns], parameters };
}

export function usePlayground() {
  const [state, setState] = useState(EMPTY);
  const running = useRef<AbortController | null>(null);
  const stop = useCallback(() => running.current?.abort(), []);
  useEffect(() => stop, [stop]);

  const ask = useCallback(async (model: string, system: string, question: string, parameters: Parameters, before: Turn[]) => {
    const turns: Turn[] = [...before, { role: "user", content: question }];
    const control = new AbortController();
    running.current = control;
    let answer = "";
    const shown = (): Turn[] => (answer ? [...turns, { role: "assistant", content: answer }] : turns);
    setState({ turns, isAsking: true, end: null, problem: null });
    try {
      const response = await send("POST", apiUrl("/playground"), bodyOf(model, system, turns, parameters), { signal: control.signal, headers: { Accept: "text/event-stream" } });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new SseParser();
      for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
        for (const message of parser.push(piece.value)) {
          const data = JSON.parse(message.data) as { text?: string; message?: string } & Partial<AnswerEnd>;
          if (message.event === "delta") answer += data.text ?? "";
          else if (message.event === "error") setState((old) => ({ ...old, problem: new Error(data.message ?? "") }));
          else setState((old) => ({ ...old, end: data as AnswerEnd }));
        }
        setState((old) => ({ ...old, turns: shown() }));
      }
    } catch (problem) {
      if (!control.signal.aborted) setState((old) => ({ ...old, problem }));
    } finally {
      setState((old) => ({ ...old, isAsking: false }));
    }
  }, []);

  const clear = useCallback(() => {
    stop();
    setState(EMPTY);
  }, [stop]);

  return { ...state, ask, stop, clear };
}
