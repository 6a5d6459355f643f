/** What is wrong is said at once, on the node where it is wrong. */
import { expect, test } from "vitest";
import { problemsOf } from "./problems";
import { around, graph, node } from "./testing";

const START = node("start", "start", { variables: [{ variable: "q", type: "paragraph" }] });
const LLM = node("llm", "llm", { model: { id: "m" }, prompt_template: [{ text: "{{#start.q#}}" }] });
const END = node("end", "end", { outputs: [{ variable: "text", value_selector: ["llm", "text"] }] });
const found = (g: ReturnType<typeof graph>, surroundings = around()) => problemsOf(g, surroundings).map(({ nodeId, code, detail }) => [nodeId, code, detail].filter(Boolean).join(" "));

test("a graph that is whole has none", () => {
  expect(found(graph([START, LLM, END], "start>llm", "llm>end"))).toEqual([]);
});

test("missing ends are told of the whole graph", () => {
  expect(found(graph([LLM]))).toEqual(["no_start", "no_end", "llm unknown_reference start.q", "llm not_reached"]);
});

test("a second start is one too many", () => {
  expect(found(graph([START, node("again", "start"), LLM, END], "start>llm", "llm>end"))).toEqual(["again two_starts"]);
});

test("what is not filled in is named, nested too", () => {
  expect(found(graph([START, node("llm", "llm", { model: { id: "" } }), END], "start>llm", "llm>end"))).toEqual(["llm missing_field model.id"]);
  expect(found(graph([START, node("llm", "llm"), END], "start>llm", "llm>end"))).toEqual(["llm missing_field model"]);
});

test("a reference to what is not upstream is lost", () => {
  const late = node("llm", "llm", { model: { id: "m" }, text: "{{#end.text#}} {{#gone.x#}} {{#start.other#}} {{#sys.user_id#}} {{#context#}}" });
  expect(found(graph([START, late, END], "start>llm", "llm>end"))).toEqual(["llm unknown_reference end.text", "llm unknown_reference gone.x", "llm unknown_reference start.other"]);
});

test("a list of words is no reference", () => {
  const data = { model: { id: "m" }, words: ["red", "green"] };
  expect(found(graph([START, node("llm", "llm", data), END], "start>llm", "llm>end"))).toEqual([]);
});

test("what a called workflow gives is known only when it runs", () => {
  const end = node("end", "end", { outputs: [{ variable: "x", value_selector: ["flow", "anything"] }] });
  expect(found(graph([START, node("flow", "workflow"), end], "start>flow", "flow>end"))).toEqual([]);
});

test("an empty container and a kind that is not there are errors", () => {
  const iter = node("iter", "iteration", { iterator_selector: ["start", "q"], output_selector: ["in", "x"] });
  expect(found(graph([START, iter, node("odd", "plug-in"), END], "start>iter", "iter>odd", "odd>end"))).toEqual(["iter unknown_reference in.x", "iter empty_container", "odd unknown_kind plug-in", "end unknown_reference llm.text"]);
});
