// @vitest-environment node
/** The module that people copy is run by Node against a server: what it sends, and what it makes of a stream. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test, vi } from "vitest";
import type { App, Variable } from "@/shared/api/types";
import { snippet } from "./snippets";

vi.setConfig({ testTimeout: 30_000 });

interface Asked {
  path: string;
  key: string;
  body: Record<string, unknown>;
}

interface Ran {
  asked: Asked[];
  uploads: string[];
  said: string;
  complained: string;
  status: number | null;
}

const WHO: Variable = { name: "who", label: "", type: "text", required: true, default: 'O\'Hara "the `${x}`"', options: [], max_length: null };
const app = (mode: App["mode"]) => ({ slug: "tea-house", mode }) as App;

/** Run the snippet of an app, as a person does who saved it, against a server that streams `frames`. */
async function ran(mode: App["mode"], frames: object[], { after = "", variables = [WHO] } = {}): Promise<Ran> {
  const asked: Asked[] = [];
  const uploads: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), "snippet-"));
  writeFileSync(join(folder, "report.pdf"), "The words of a report.");
  const server = createServer((request: IncomingMessage, response) => {
    void text(request).then((body) => {
      if (request.url === "/v1/files/upload") {
        uploads.push(body);
        response.end(JSON.stringify({ id: "file-1", user_id: "u" }));
        return;
      }
      asked.push({ path: request.url ?? "", key: request.headers.authorization ?? "", body: JSON.parse(body) as Asked["body"] });
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      const stream = ["event: ping\n\n", ...frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`)].join("");
      const middle = Math.floor(stream.length / 2);
      response.write(stream.slice(0, middle), () => response.end(stream.slice(middle)));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    const { port } = server.address() as AddressInfo;
    const code = snippet("javascript", app(mode), variables, `http://127.0.0.1:${port}/v1`, 'What is "tea"?');
    const node = spawn(process.execPath, ["--input-type=module"], { cwd: folder, env: { ATELIER_APP_KEY: "app-secret" } });
    node.stdin.end(`${code}\n${after}`);
    const [said, complained, status] = await Promise.all([
      text(node.stdout),
      text(node.stderr),
      new Promise<number | null>((ended) => node.on("close", ended)),
    ]);
    return { asked, uploads, said, complained, status };
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

test("a chat app is asked with its inputs, and the next question goes on in the same conversation", async () => {
  const frames = [
    { event: "message", conversation_id: "c-1", answer: "A " },
    { event: "message", conversation_id: "c-1", answer: "leaf — 茶." },
    { event: "message_end", conversation_id: "c-1" },
  ];
  const { asked, said, complained, status } = await ran("chat", frames, { after: 'await ask("And then?");' });
  expect([status, complained]).toEqual([0, ""]);
  expect(said).toBe("A leaf — 茶.\nA leaf — 茶.\n");
  expect(asked.map(({ path, key }) => [path, key])).toEqual(Array(2).fill(["/v1/chat-messages", "Bearer app-secret"]));
  const inputs = { who: WHO.default };
  expect(asked.map(({ body }) => body)).toEqual([
    { inputs, query: 'What is "tea"?', conversation_id: "", response_mode: "streaming", user: "user-1" },
    { inputs, query: "And then?", conversation_id: "c-1", response_mode: "streaming", user: "user-1" },
  ]);
});

test("a run that begins again says all of it anew", async () => {
  const { said } = await ran("chat", [{ event: "message", answer: "On" }, { event: "message_replace", answer: "Two." }]);
  expect(said).toBe("On\nTwo.\n");
});

test("an agent's words are shown and its thoughts are not", async () => {
  const { said } = await ran("agent", [{ event: "agent_thought", thought: "hm" }, { event: "agent_message", answer: "Four." }]);
  expect(said).toBe("Four.\n");
});

test("a completion app is asked at its own address, without a question", async () => {
  const { asked, said } = await ran("completion", [{ event: "message", answer: "Done." }]);
  expect(said).toBe("Done.\n");
  expect(asked).toEqual([
    { path: "/v1/completion-messages", key: "Bearer app-secret", body: { inputs: { who: WHO.default }, response_mode: "streaming", user: "user-1" } },
  ]);
});

test("a file is uploaded first, and the inputs name it", async () => {
  const variables: Variable[] = [{ ...WHO, name: "report", type: "file", default: "" }, { ...WHO, name: "more", type: "file-list", default: "" }];
  const { asked, uploads, status } = await ran("chat", [{ event: "message", answer: "Read." }], { variables });
  expect([status, uploads.length]).toEqual([0, 1]);
  expect(uploads[0]).toContain("The words of a report.");
  const given = { type: "document", transfer_method: "local_file", upload_file_id: "file-1" };
  expect(asked[0]?.body.inputs).toEqual({ report: given, more: [given] });
});

test("a workflow's outputs are shown when it is finished, and its failure ends the program", async () => {
  const finished = await ran("workflow", [{ event: "text_chunk", data: { text: "x" } }, { event: "workflow_finished", data: { outputs: { n: 4 }, error: null } }]);
  expect([finished.asked[0]?.path, finished.said, finished.status]).toEqual(["/v1/workflows/run", "{ n: 4 }\n", 0]);
  const failed = await ran("workflow", [{ event: "workflow_finished", data: { outputs: {}, error: "no tea left" } }]);
  expect(failed.status).toBe(1);
  expect(failed.complained).toContain("no tea left");
  expect((await ran("completion", [{ event: "error", message: "the model left" }])).complained).toContain("the model left");
});
