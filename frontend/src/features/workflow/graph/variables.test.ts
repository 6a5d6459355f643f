/** A node reads what is upstream of it, with its type, and nothing else. */
import { describe, expect, test } from "vitest";
import { renameField } from "./references";
import { around, graph, node } from "./testing";
import { fits } from "./varTypes";
import { innerVariables, upstreamVariables } from "./variables";

const shown = (variables: ReturnType<typeof upstreamVariables>) => variables.filter((each) => each.source !== "sys").map((each) => `${each.selector.join(".")}: ${each.type}`);

const START = node("start", "start", { variables: [{ variable: "q", type: "paragraph" }, { variable: "n", type: "number" }, { variable: "docs", type: "file-list" }] });

test("the inputs of the start have the types of their fields", () => {
  const g = graph([START, node("llm", "llm")], "start>llm");
  expect(shown(upstreamVariables(g, "llm", around()))).toEqual(["start.q: string", "start.n: number", "start.docs: array[file]"]);
});

test("what is beside or after a node cannot be read", () => {
  const g = graph([START, node("a", "llm"), node("b", "llm"), node("c", "llm")], "start>a", "start>b", "a>c");
  const sources = new Set(upstreamVariables(g, "a", around()).map((each) => each.source));
  expect([...sources].sort()).toEqual(["start", "sys"]);
});

test("code declares its outputs, structured output its fields", () => {
  const llm = node("llm", "llm", { structured_output_enabled: true, structured_output: { schema: { properties: { city: { type: "string" } } } } });
  const g = graph([node("code", "code", { outputs: { rows: { type: "array[object]" } } }), llm, node("end", "end")], "code>llm", "llm>end");
  expect(shown(upstreamVariables(g, "end", around()))).toEqual(["llm.text: string", "llm.usage: object", "llm.structured_output: object", "llm.structured_output.city: string", "code.rows: array[object]"]);
});

test("inside a container a node reads the element, and what is before the container", () => {
  const code = node("code", "code", { outputs: { rows: { type: "array[number]" } } });
  const iter = node("iter", "iteration", { iterator_selector: ["code", "rows"], output_selector: ["in", "text"] });
  const g = graph([code, iter, node("first", "iteration-start", {}, "iter"), node("in", "llm", {}, "iter"), node("end", "end")], "code>iter", "first>in", "iter>end");
  expect(shown(upstreamVariables(g, "in", around()))).toEqual(["iter.item: number", "iter.index: number", "code.rows: array[number]"]);
  expect(shown(upstreamVariables(g, "end", around()))).toEqual(["iter.output: array[string]", "code.rows: array[number]"]);
  expect(shown(innerVariables(g, "iter", around()))).toEqual(["in.text: string", "in.usage: object"]);
});

test("a node that may fail tells why", () => {
  const g = graph([node("llm", "llm", { error_strategy: "fail-branch" }), node("end", "end")], "llm:fail-branch>end");
  expect(shown(upstreamVariables(g, "end", around()))).toContain("llm.error_message: string");
});

test("variables beside the graph come with their rooms; the question only in a chatflow", () => {
  const declared = around({ environment: [{ name: "key", value_type: "secret" }], conversation: [{ name: "topic", value_type: "array[string]" }], chatflow: true });
  const readable = upstreamVariables(graph([node("llm", "llm")]), "llm", declared);
  expect(shown(readable)).toEqual(["conversation.topic: array[string]", "env.key: string"]);
  expect(readable.some((each) => each.selector.join(".") === "sys.query")).toBe(true);
  expect(upstreamVariables(graph([node("llm", "llm")]), "llm", around()).some((each) => each.selector.join(".") === "sys.query")).toBe(false);
});

test("a renamed output is followed by what reads it", () => {
  const g = graph([node("code", "code"), node("end", "end", { outputs: [{ value_selector: ["code", "a"] }], note: "{{#code.a#}} {{#code.ab#}}" })]);
  expect(renameField(g, "code", "a", "b").nodes[1]?.data).toMatchObject({ outputs: [{ value_selector: ["code", "b"] }], note: "{{#code.b#}} {{#code.ab#}}" });
});

describe("types", () => {
  test.each([
    ["string", ["string"], true],
    ["number", ["string"], false],
    ["any", ["number"], true],
    ["array[any]", ["array[string]"], true],
    ["array[number]", ["array[string]"], false],
    ["file", ["object"], true],
  ])("%s into %j: %s", (given, wanted, expected) => {
    expect(fits(given, wanted)).toBe(expected);
  });
});
