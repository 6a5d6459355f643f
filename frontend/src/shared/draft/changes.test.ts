/** What counts as a change of a draft. */
import { expect, test } from "vitest";
import type { Draft } from "@/shared/api/types";
import { changesBetween } from "./changes";

const draft = {
  model: { id: "m", parameters: { temperature: 0.2, seed: null } },
  prompt: "Be brief.",
  examples: [],
  variables: [],
  output_schema: null,
} as unknown as Draft;

test("the same draft has no changes, whatever the order of its keys and whether nothing is null or absent", () => {
  expect(changesBetween(draft, { ...draft, model: { parameters: { temperature: 0.2 }, id: "m" } })).toEqual([]);
  expect(changesBetween({ ...draft, examples: undefined }, draft)).toEqual([]);
});

test("changed parts come in the order of the page, texts as they are", () => {
  const next = { ...draft, prompt: "Be long.", model: { id: "other", parameters: {} } };
  const changes = changesBetween(draft, next);
  expect(changes.map((change) => change.part)).toEqual(["model", "prompt"]);
  expect(changes[1]).toEqual({ part: "prompt", before: "Be brief.", after: "Be long." });
});

test("examples read as questions and answers", () => {
  const [change] = changesBetween(draft, { ...draft, examples: [{ user: "Why?", assistant: "Because." }, { user: "How?", assistant: "So." }] });
  expect(change).toEqual({ part: "examples", before: "", after: "› Why?\n‹ Because.\n\n› How?\n‹ So." });
});
