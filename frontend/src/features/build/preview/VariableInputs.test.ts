/** What of the form is sent. */
import { expect, test } from "vitest";
import type { Variable } from "@/shared/api/types";
import { inputsFor, missingInputs } from "./VariableInputs";

const variable = (change: Partial<Variable>): Variable => ({
  name: "x", label: "", type: "text", required: false, default: "", options: [], max_length: null, ...change,
});

test("a default stands in for what was not filled in; empty fields are not sent", () => {
  const variables = [variable({ name: "a", default: "hello" }), variable({ name: "b" }), variable({ name: "c", type: "checkbox", default: false })];
  expect(inputsFor(variables, { a: undefined as never })).toEqual({ a: "hello", c: false });
});

test("files are sent as what the server told of them, and none is nothing", () => {
  const variables = [variable({ name: "one", type: "file", required: true }), variable({ name: "more", type: "file-list", required: true })];
  const file = { id: "f", name: "a.txt" };
  expect(inputsFor(variables, { one: file, more: [file] })).toEqual({ one: file, more: [file] });
  expect(missingInputs(variables, { one: "", more: [] }).map((each) => each.name)).toEqual(["one", "more"]);
});

test("a required field without a value is missing", () => {
  const variables = [variable({ name: "a", required: true }), variable({ name: "b", required: true, default: "x" })];
  expect(missingInputs(variables, {}).map((each) => each.name)).toEqual(["a"]);
  expect(missingInputs(variables, { a: "now" })).toEqual([]);
});
