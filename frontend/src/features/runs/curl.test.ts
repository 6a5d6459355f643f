/** What is copied is one word for the shell, whatever was asked. */
import { expect, test } from "vitest";
import { curlOf } from "./curl";

test("a quote in the question does not end the argument", () => {
  const call = curlOf({ path: "/v1/chat-messages", body: { query: "it's $HOME; rm -rf" } }, "http://localhost:8000");
  expect(call.split("\n")[0]).toBe("curl -N 'http://localhost:8000/v1/chat-messages' \\");
  expect(call.split("\n").at(-1)).toBe(`  -d '{"query":"it'\\''s $HOME; rm -rf"}'`);
});
