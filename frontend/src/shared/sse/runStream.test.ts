/** A run is followed to its end through broken connections, each event once. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { ApiError } from "@/shared/api/client";
import type { RunEvent } from "@/shared/api/events";
import { attachRun, startRun, toRunEvent } from "./runStream";

const frame = (seq: number, kind: string, more: object = {}) =>
  `id: ${seq}\nevent: ${kind}\ndata: ${JSON.stringify({ run_id: "r", seq, at: "2026-01-01T00:00:00Z", ...more })}\n\n`;

/** A body that gives its pieces and then ends, or breaks. */
function body(pieces: string[], breaks = false): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const left = [...pieces];
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift();
      if (piece !== undefined) controller.enqueue(encoder.encode(piece));
      else if (breaks) controller.error(new TypeError("connection lost"));
      else controller.close();
    },
  });
}

function server(...answers: (() => Response)[]) {
  const asked: { url: string; method: string; lastEventId: string | null }[] = [];
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    asked.push({ url, method: init.method ?? "", lastEventId: new Headers(init.headers).get("Last-Event-ID") });
    const answer = answers.shift();
    return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError("no more answers"));
  });
  return asked;
}

async function collect(events: AsyncGenerator<RunEvent>): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

const options = () => ({ signal: new AbortController().signal, reconnectMs: [0] });
const seqs = (events: RunEvent[]) => events.map((event) => event.seq);

afterEach(() => vi.unstubAllGlobals());

describe("following a run", () => {
  test("resumes a broken stream after the last event it saw", async () => {
    const asked = server(
      () => new Response(body([frame(0, "run_started"), frame(3, "text_delta", { node_id: "n", text: "a" })], true), { headers: { "X-Run-Id": "r" } }),
      () => new Response(body([frame(3, "text_delta", { node_id: "n", text: "a" }), frame(4, "run_finished", { outputs: {} })])),
    );
    expect(seqs(await collect(startRun("app", { inputs: {} }, options())))).toEqual([0, 3, 4]);
    expect(asked).toEqual([
      { url: "/api/v1/apps/app/runs", method: "POST", lastEventId: null },
      { url: "/api/v1/runs/r/events", method: "GET", lastEventId: "3" },
    ]);
  });

  test("asks again when a proxy ends the stream before the run ends", async () => {
    const asked = server(
      () => new Response(body([frame(1, "run_started")])),
      () => new Response(body([frame(2, "run_cancelled")])),
    );
    expect(seqs(await collect(attachRun("r", options())))).toEqual([1, 2]);
    expect(asked[1]?.lastEventId).toBe("1");
  });

  test("survives a server that is away for a while", async () => {
    server(
      () => new Response(body([frame(1, "run_started")])),
      () => new Response("{}", { status: 503 }),
      () => new Response(body([frame(2, "run_finished", { outputs: {} })])),
    );
    expect(seqs(await collect(attachRun("r", options())))).toEqual([1, 2]);
  });

  test("reports a refused run with its code and starts nothing again", async () => {
    const asked = server(() => new Response(JSON.stringify({ code: "model_not_found", message: "gone", extra: {} }), { status: 400 }));
    const failure = await collect(startRun("app", { inputs: {} }, options())).catch((reason: unknown) => reason);
    expect(failure).toBeInstanceOf(ApiError);
    expect((failure as ApiError).code).toBe("model_not_found");
    expect(asked).toHaveLength(1);
  });

  test("drops what is no event of ours", () => {
    expect(toRunEvent({ id: "1", event: "execute", data: '{"seq":1,"code":"alert(1)"}' })).toBeNull();
    expect(toRunEvent({ id: "1", event: "constructor", data: '{"seq":1}' })).toBeNull();
    expect(toRunEvent({ id: "1", event: "text_delta", data: "not json" })).toBeNull();
    expect(toRunEvent({ id: "x", event: "text_delta", data: "{}" })).toBeNull();
  });
});
