/** What stands in the address is what is compared, and a run says only what differs from the draft. */
import { expect, test } from "vitest";
import type { Draft, Version } from "@/shared/api/types";
import { baseOf, firstColumns, isChanged, readColumns, requestOf, variantOf, withColumn, withoutColumn, withParameter, writeColumns, type Column } from "./columns";

const draft = { prompt: "Be brief.", model: { id: "small", parameters: { temperature: 0.2, seed: null } }, variables: [] } as unknown as Draft;
const old = { ...draft, prompt: "Be old." };
const versions = [{ number: 3, config: old }] as Version[];

test("the address keeps every column, and reads back as what it was", () => {
  const columns: Column[] = [
    { key: "A", base: "draft", prompt: "Sag #1 & {{x}}", conversation: "c" },
    { key: "C", base: 3, model: "big", parameters: { temperature: 1 }, run: "r" },
  ];
  expect(readColumns(writeColumns(columns))).toEqual(columns);
});

test.each([["", "#else", "#compare=", "#compare=%", "#compare=[]", '#compare=[{"key":"A"},{"key":"A"}]', '#compare=[{"key":"Z"},{"key":"A"}]', "#compare=[1,2]"]])(
  "an address that makes no sense is no comparison: %s",
  (hash) => expect(readColumns(hash)).toBeNull(),
);

test("columns come and go, two at least and four at most", () => {
  let columns = firstColumns(3);
  expect(columns.map((column) => column.base)).toEqual(["draft", 3]);
  expect(withoutColumn(columns, "A")).toBe(columns);
  columns = withColumn(withColumn(withColumn(columns)));
  expect(columns.map((column) => column.key)).toEqual(["A", "B", "C", "D"]);
  expect(withColumn(withoutColumn(columns, "B")).at(-1)?.key).toBe("B");
});

test("a run says only what differs from the draft", () => {
  expect(requestOf({ key: "A", base: "draft" }, draft)).toEqual({});
  expect(requestOf({ key: "A", base: 3 }, old)).toEqual({ version: 3 });
  expect(requestOf({ key: "A", base: "draft", prompt: "" }, draft)).toEqual({ overrides: { prompt: "" } });
  const hot = withParameter({ key: "A", base: 3, model: "big" }, "temperature", 1);
  expect(requestOf(hot, old)).toEqual({ version: 3, overrides: { model: { id: "big", parameters: { temperature: 1, seed: null } } } });
});

test("what a column runs is its base with its own parts", () => {
  const column = withParameter({ key: "B", base: 3 }, "temperature", 1);
  expect(baseOf(column, draft, versions)).toBe(old);
  expect(baseOf({ ...column, base: 9 }, draft, versions)).toBeNull();
  expect(variantOf(column, old)).toEqual({ ...old, model: { id: "small", parameters: { temperature: 1, seed: null } } });
  expect([isChanged(column), isChanged(withParameter(column, "temperature", undefined))]).toEqual([true, false]);
});
