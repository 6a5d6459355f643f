/** Changes keep a graph whole: no edge without its ends, no child without its container, no reference left behind. */
import { describe, expect, test } from "vitest";
import { addAfter, addNode, canConnect, insertInto, moveNodes, removeNodes, renameNode, updateData } from "./edit";
import { nodeById } from "./model";
import { graph, node } from "./testing";

const edgesOf = (g: ReturnType<typeof graph>) => g.edges.map((edge) => `${edge.source}:${edge.sourceHandle}>${edge.target}`);

describe("adding", () => {
  test("a node behind another one joins it, in the same container", () => {
    const before = graph([node("iter", "iteration"), node("a", "code", {}, "iter")]);
    const { graph: after, id } = addAfter(before, "a", "source", { type: "llm", title: "LLM" }, { x: 1, y: 2 });
    expect([id, nodeById(after, id)?.parentId, edgesOf(after)]).toEqual(["llm", "iter", ["a:source>llm"]]);
    expect(after.edges[0]?.data).toMatchObject({ sourceType: "code", targetType: "llm", isInIteration: true, iteration_id: "iter" });
  });

  test("a container comes with its fixed first node", () => {
    const { graph: after, id } = addNode({ nodes: [], edges: [] }, { type: "loop" }, { x: 0, y: 0 });
    expect(after.nodes.map((each) => [each.id, each.data.type, each.parentId])).toEqual([["loop", "loop", undefined], ["loop_start", "loop-start", "loop"]]);
    expect(nodeById(after, id)?.data.start_node_id).toBe("loop_start");
  });

  test("ids are never taken twice", () => {
    let now = addNode({ nodes: [], edges: [] }, { type: "if-else" }, { x: 0, y: 0 });
    now = addNode(now.graph, { type: "if-else" }, { x: 0, y: 0 });
    expect(now.graph.nodes.map((each) => each.id)).toEqual(["if_else", "if_else_2"]);
  });

  test("a node inside an edge takes its place", () => {
    const before = graph([node("a", "start"), node("b", "end")], "a>b");
    const { graph: after } = insertInto(before, before.edges[0]!, { type: "llm" }, { x: 0, y: 0 });
    expect(edgesOf(after)).toEqual(["a:source>llm", "llm:source>b"]);
  });
});

describe("connecting", () => {
  const before = graph([node("s", "start"), node("a", "llm"), node("b", "llm"), node("e", "end"), node("iter", "iteration"), node("in", "llm", {}, "iter")], "s>a", "a>b");
  test.each([
    ["twice", "s", "a"],
    ["in a circle", "b", "a"],
    ["to itself", "a", "a"],
    ["into a start", "a", "s"],
    ["out of an end", "e", "b"],
    ["across the wall of a container", "a", "in"],
  ])("is refused %s", (_what, source, target) => {
    expect(canConnect(before, { source, sourceHandle: "source", target })).toBe(false);
  });
  test("is refused from a way out that is not there", () => {
    expect(canConnect(before, { source: "b", sourceHandle: "fail-branch", target: "e" })).toBe(false);
    expect(canConnect(before, { source: "b", sourceHandle: "source", target: "e" })).toBe(true);
  });
});

test("removing a container removes what is in it and every edge", () => {
  const before = graph([node("s", "start"), node("iter", "iteration"), node("in", "llm", {}, "iter"), node("e", "end")], "s>iter", "iter>e");
  const after = removeNodes(before, ["iter"]);
  expect([after.nodes.map((each) => each.id), after.edges]).toEqual([["s", "e"], []]);
});

test("a fixed first node is not removed alone", () => {
  const before = graph([node("iter", "iteration"), node("iter_start", "iteration-start", {}, "iter")]);
  expect(removeNodes(before, ["iter_start"])).toBe(before);
});

test("edges go with the case that they came from", () => {
  const before = graph([node("if", "if-else", { cases: [{ case_id: "true" }, { case_id: "x" }] }), node("a", "llm"), node("b", "llm")], "if:true>a", "if:x>b");
  const after = updateData(before, "if", { cases: [{ case_id: "true" }] });
  expect(edgesOf(after)).toEqual(["if:true>a"]);
});

test("a new id is followed by edges, children and references of every form", () => {
  const before = graph(
    [node("a", "llm"), node("b", "answer", { answer: "{{#a.text#}} and {{# a.usage.total #}} but {{#ab.text#}}", list: [["a", "text"]], x_selector: ["a", "text"], options: ["a", "b"] })],
    "a>b",
  );
  const after = renameNode(before, "a", "writer");
  expect(edgesOf(after)).toEqual(["writer:source>b"]);
  expect(nodeById(after, "b")?.data).toMatchObject({
    answer: "{{#writer.text#}} and {{#writer.usage.total#}} but {{#ab.text#}}",
    list: [["writer", "text"]],
    x_selector: ["writer", "text"],
    options: ["a", "b"],
  });
});

test("moving nothing is no change", () => {
  const before = graph([node("a", "llm")]);
  expect(moveNodes(before, new Map([["a", { x: 0, y: 0 }]]))).toBe(before);
});
