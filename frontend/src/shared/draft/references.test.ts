/** Which names a text uses, whether they are known, and what a rename changes. */
import { expect, test } from "vitest";
import type { Draft } from "@/shared/api/types";
import { filledIn, renamed, unknownNames, usesOf } from "./references";

const draft = {
  prompt: "Help {{who}} with {{ who }}, not {{whole}} or {{#sys.who#}}.",
  opening_statement: "Hello {{who}}!",
  examples: [{ user: "I am {{who}}.", assistant: "Hi $& {{whole}}." }],
  variables: [{ name: "who" }, { name: "whole" }],
} as Draft;

test("unknown names come once, in their order; the context is none", () => {
  expect(unknownNames("{{b}} {{a}} {{#context#}} {{#sys.query#}} {{ b }} {{known}} {not} {{имя}}", ["known"])).toEqual(["b", "a", "имя"]);
});

test("a rename reaches the prompt, the opening and the examples, and no other name", () => {
  expect(usesOf(draft, "who")).toBe(4);
  const next = renamed(draft, "who", "client");
  expect(next.prompt).toBe("Help {{client}} with {{ client }}, not {{whole}} or {{#sys.who#}}.");
  expect([next.opening_statement, next.examples[0]]).toEqual(["Hello {{client}}!", { user: "I am {{client}}.", assistant: "Hi $& {{whole}}." }]);
  expect(next.variables.map((variable) => variable.name)).toEqual(["client", "whole"]);
});

test("renaming back is the draft that was", () => {
  expect(renamed({ ...draft, ...renamed(draft, "who", "client") }, "client", "who")).toEqual({
    prompt: draft.prompt, opening_statement: draft.opening_statement, examples: draft.examples, variables: draft.variables,
  });
});

test("a text is filled in where there is a value, and a value is never read as a mark", () => {
  expect(filledIn("{{a}} {{ b }} {{c}} {{#sys.query#}}", { a: "{{b}} $1", b: 2 })).toBe("{{b}} $1 2 {{c}} {{#sys.query#}}");
});
