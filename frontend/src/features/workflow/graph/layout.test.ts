/** Arranged graphs read from left to right, nothing lies on anything else, and containers hold what is in them. */
import { expect, test } from "vitest";
import { historyOf, redone, stepped, undone } from "./history";
import { arranged, sizeOf } from "./layout";
import { nodeById, type Graph } from "./model";
import { noteState, noteText } from "./notes";
import { graph, node } from "./testing";

function overlaps(g: Graph): string[] {
  const found: string[] = [];
  for (const a of g.nodes) {
    for (const b of g.nodes) {
      if (a.id >= b.id || a.parentId !== b.parentId) continue;
      const [sa, sb] = [sizeOf(a), sizeOf(b)];
      const apart = a.position.x + sa.width <= b.position.x || b.position.x + sb.width <= a.position.x || a.position.y + sa.height <= b.position.y || b.position.y + sb.height <= a.position.y;
      if (!apart) found.push(`${a.id} ${b.id}`);
    }
  }
  return found;
}

test("every edge goes to the right, and nothing overlaps", () => {
  const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
  const edges = names.slice(1).map((name, index) => `n${Math.floor(index / 3)}>${name}`);
  const g = arranged(graph([node("n0", "start"), ...names.slice(1).map((name) => node(name, "llm"))], ...edges));
  for (const edge of g.edges) expect(nodeById(g, edge.source)!.position.x).toBeLessThan(nodeById(g, edge.target)!.position.x);
  expect(overlaps(g)).toEqual([]);
});

test("a container grows around what is in it", () => {
  const inner = ["a", "b", "c"].map((name) => node(name, "llm", {}, "iter"));
  const g = arranged(graph([node("s", "start"), node("iter", "iteration"), node("first", "iteration-start", {}, "iter"), ...inner, node("e", "end")], "s>iter", "first>a", "a>b", "b>c", "iter>e"));
  const box = sizeOf(nodeById(g, "iter")!);
  for (const each of g.nodes.filter((one) => one.parentId === "iter")) {
    expect(each.position.x + sizeOf(each).width).toBeLessThanOrEqual(box.width);
    expect(each.position.y + sizeOf(each).height).toBeLessThanOrEqual(box.height);
  }
  expect(overlaps(g)).toEqual([]);
});

test("branches stay in the order of their ways out", () => {
  const branch = node("if", "if-else", { cases: [{ case_id: "true" }, { case_id: "x" }] });
  const g = arranged(graph([branch, node("no", "llm"), node("second", "llm"), node("yes", "llm")], "if:true>yes", "if:x>second", "if:false>no"));
  const y = (id: string) => nodeById(g, id)!.position.y;
  expect(y("yes") < y("second") && y("second") < y("no")).toBe(true);
});

test("a graph with a cycle is arranged all the same", () => {
  const g = graph([node("a", "llm"), node("b", "llm")], "a>b");
  const edges = [...g.edges, { ...g.edges[0]!, id: "back", source: "b", target: "a" }];
  expect(arranged({ ...g, edges }).nodes).toHaveLength(2);
});

test("undo and redo walk the same steps; steps of one topic in a row are one", () => {
  let history = stepped(historyOf("a"), "b", "", 0);
  history = stepped(history, "bc", "title", 10);
  history = stepped(history, "bcd", "title", 20);
  history = stepped(history, "bcde", "title", 5_000);
  expect([history.past, history.present]).toEqual([["a", "b", "bcd"], "bcde"]);
  const back = undone(undone(history));
  expect([back.present, redone(back).present, stepped(back, "z").future]).toEqual(["b", "bcd", []]);
  expect(undone(historyOf("a")).present).toBe("a");
});

test("a note is read from the state of Dify's editor, and written as it", () => {
  expect(noteText({ text: noteState("one\n\ntwo") })).toBe("one\n\ntwo");
  expect(noteText({ text: "plain" })).toBe("plain");
});
