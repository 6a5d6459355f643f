import { describe, expect, test } from "vitest";
import type { JsonObject } from "@/shared/api/types";
import { argumentsOf, fieldsOf, filledOf, parsed } from "./schema";

const schema: JsonObject = {
  type: "object",
  properties: {
    url: { type: "string", description: "the address" },
    method: { type: "string", enum: ["GET", "POST"] },
    headers: { type: "object", additionalProperties: { type: "string" } },
    body: { type: ["string", "object", "array"] },
    data: { anyOf: [{ type: "array", items: { type: "number" } }, { type: "string" }] },
    top_k: { anyOf: [{ type: "integer", maximum: 100, minimum: 1 }, { type: "null" }], default: null },
    hosts: { type: "array", items: { type: "string" }, default: [] },
    methods: { type: "array", items: { type: "string", enum: ["GET", "POST"] }, default: ["GET"] },
    deep: { type: "boolean" },
    value: { description: "anything" },
  },
  required: ["url"],
};
const fields = fieldsOf(schema);
const kinds = Object.fromEntries(fields.map((field) => [field.name, field.kind]));

describe("a form from a schema", () => {
  test("gives each property the field of its type", () => {
    expect(kinds).toEqual({ url: "text", method: "choice", headers: "json", body: "lines", data: "text", top_k: "integer", hosts: "list", methods: "choices", deep: "switch", value: "text" });
  });

  test("keeps the bounds of a value that may be absent", () => {
    expect(fields.find((field) => field.name === "top_k")).toMatchObject({ min: 1, max: 100, required: false });
  });

  test("fills in what stands by itself", () => {
    expect(filledOf(fields, { url: "x", data: [3, 1] })).toMatchObject({ url: "x", data: "[3,1]", methods: ["GET"], hosts: [], top_k: undefined });
  });
});

describe("the arguments of a filled form", () => {
  test("leave out what is empty and name what is missing", () => {
    expect(argumentsOf(fields, { url: "", method: undefined, hosts: [] })).toEqual({ values: {}, problems: { url: "required" } });
  });

  test("read JSON where the schema allows more than text", () => {
    const { values, problems } = argumentsOf(fields, { url: "123", data: "[3, 1]", body: '{"a": 1}', headers: '{"A": "b"}', value: "7", deep: false });
    expect(problems).toEqual({});
    expect(values).toEqual({ url: "123", data: [3, 1], body: { a: 1 }, headers: { A: "b" }, value: 7, deep: false });
  });

  test("keep a text that only looks like JSON, and refuse one where nothing else will do", () => {
    expect(argumentsOf(fields, { url: "x", data: "3;1;2", body: "7", headers: "{oops" })).toEqual({ values: { url: "x", data: "3;1;2", body: "7" }, problems: { headers: "json" } });
  });
});

test("an output is a tree when it is JSON of several parts", () => {
  expect([parsed('[{"a": 1}]'), parsed("437"), parsed("[1] says"), parsed("null")]).toEqual([[{ a: 1 }], null, null, null]);
});
