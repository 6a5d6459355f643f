/** A copied part has new ids, and what refers inside of it stays inside. */
import { expect, test } from "vitest";
import { copyPart, duplicate, partOf, pastePart } from "./copy";
import { nodeById } from "./model";
import { graph, node } from "./testing";

const BEFORE = graph(
  [node("start", "start"), node("llm", "llm", { prompt: "{{#start.q#}}" }), node("out", "answer", { answer: "{{#llm.text#}}" })],
  "start>llm",
  "llm>out",
);

test("references inside the part follow, those to the outside stay", () => {
  const { graph: after, ids } = duplicate(BEFORE, ["llm", "out"]);
  expect(ids).toEqual(["llm_2", "out_2"]);
  expect(nodeById(after, "out_2")?.data.answer).toBe("{{#llm_2.text#}}");
  expect(nodeById(after, "llm_2")?.data.prompt).toBe("{{#start.q#}}");
  expect(after.edges.map((edge) => `${edge.source}>${edge.target}`)).toEqual(["start>llm", "llm>out", "llm_2>out_2"]);
});

test("titles tell the copy from what was copied", () => {
  const { graph: after } = duplicate(BEFORE, ["llm"]);
  expect(nodeById(after, "llm_2")?.data.title).toBe("llm 2");
});

test("the start is not copied", () => {
  expect(copyPart(BEFORE, ["start"]).nodes).toEqual([]);
});

test("a container brings what is in it, and knows its new first node", () => {
  const before = graph([node("iter", "iteration", { start_node_id: "first" }), node("first", "iteration-start", {}, "iter"), node("in", "llm", {}, "iter")], "first>in");
  const { graph: after, ids } = duplicate(before, ["iter"]);
  expect(ids).toEqual(["iter_2"]);
  expect(nodeById(after, "iter_2")?.data.start_node_id).toBe("first_2");
  expect(after.nodes.filter((each) => each.parentId === "iter_2").map((each) => each.id)).toEqual(["first_2", "in_2"]);
});

test("what lay in a container can be pasted outside", () => {
  const before = graph([node("iter", "iteration"), node("in", "llm", {}, "iter")]);
  const { graph: after } = pastePart(before, copyPart(before, ["in"]), { x: 10, y: 0 });
  expect(nodeById(after, "in_2")).toMatchObject({ position: { x: 10, y: 0 } });
  expect(nodeById(after, "in_2")?.parentId).toBeUndefined();
});

test.each(["", "hello", "{", '{"nodes": []}', '{"atelier": "graph", "nodes": 1, "edges": []}'])("%j on the clipboard is no part of a graph", (text) => {
  expect(partOf(text)).toBeNull();
});
