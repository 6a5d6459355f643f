/** Event streams arrive in any pieces. */
import { describe, expect, test } from "vitest";
import { SseParser, type SseMessage } from "./parser";

const STREAM = ': hello\r\n\r\nid: 1\nevent: text_delta\ndata: {"a":1}\n\n: wait\n\nid: 2\ndata: one\ndata: two\n\n';
const MESSAGES: SseMessage[] = [
  { id: "1", event: "text_delta", data: '{"a":1}' },
  { id: "2", event: "message", data: "one\ntwo" },
];

describe("the parser", () => {
  test("reads the same messages wherever the stream is cut", () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const parser = new SseParser();
      expect([...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))]).toEqual(MESSAGES);
    }
  });

  test("keeps a message back until its empty line has come", () => {
    const parser = new SseParser();
    expect(parser.push("data: x\n")).toEqual([]);
    expect(parser.push("\n")).toEqual([{ id: null, event: "message", data: "x" }]);
  });
});
