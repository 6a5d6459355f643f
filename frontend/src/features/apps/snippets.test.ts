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
