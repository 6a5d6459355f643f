/** The code that people copy names exactly this app. */
import { expect, test } from "vitest";
import type { App, Variable } from "@/shared/api/types";
import { snippet } from "./snippets";

const app = { slug: "tea-house", mode: "chat" } as App;
const quoted = [{ name: "who", type: "select", options: ["it's"], default: "" }] as unknown as Variable[];

test("a quote in an input does not end the shell's string", () => {
  expect(snippet("curl", app, quoted, "http://x/v1", "Hi?")).toContain(`"who":"it'\\''s"`);
});

test("the OpenAI example uses the app's name as model", () => {
  expect(snippet("openai", app, [], "http://x/v1", "Hi?")).toContain('model="tea-house"');
});

test("a completion app is called at its own address", () => {
  expect(snippet("curl", { ...app, mode: "completion" }, [], "http://x/v1", "Hi?")).toContain("/completion-messages");
});

test("a file is uploaded first, and its id goes into the shell's string", () => {
  const asked = [{ name: "report", type: "file", options: [], default: "" }] as unknown as Variable[];
  const [upload, , ...call] = snippet("curl", app, asked, "http://x/v1", "Hi?").split("\n");
  expect(upload).toMatch(/^FILE=\$\(curl -s http:\/\/x\/v1\/files\/upload /);
  expect(call.join("\n")).toContain(`"upload_file_id":"'"$FILE"'"`);
  expect(snippet("dify", app, asked, "http://x/v1", "Hi?")).toContain('"upload_file_id":file}');
});
