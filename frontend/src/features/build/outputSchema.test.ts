/** Schemas as people type them, and answers that are JSON. */
import { expect, test } from "vitest";
import { EXAMPLE_SCHEMA, jsonAnswer, parseSchema, schemaText } from "./outputSchema";

test("what is written is read back, and nothing written is any object", () => {
  expect(parseSchema(schemaText(EXAMPLE_SCHEMA))).toEqual({ ok: true, schema: EXAMPLE_SCHEMA });
  expect(parseSchema("  \n")).toEqual({ ok: true, schema: {} });
});

test.each(["[]", "null", "1", '"text"'])("%s is JSON, but no schema", (text) => {
  expect(parseSchema(text)).toMatchObject({ ok: false, reason: "notObject" });
});

test("half a schema is refused with the parser's reason", () => {
  const found = parseSchema('{"type":');
  expect(found).toMatchObject({ ok: false, reason: "notJson" });
  expect(found.ok ? "" : found.detail).not.toBe("");
});

test("only a whole object or list is shown as JSON", () => {
  expect(jsonAnswer(' {"city": "Oslo"}')).toEqual({ city: "Oslo" });
  expect(jsonAnswer('{"city": "Os')).toBeUndefined();
  expect(jsonAnswer("42")).toBeUndefined();
  expect(jsonAnswer("[1] says so")).toBeUndefined();
});
