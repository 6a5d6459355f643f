/** A filter sends what is complete, in the type of its field, and survives the address. */
import { expect, test } from "vitest";
import type { FieldType } from "@/shared/api/knowledgeTypes";
import { dateOf, decodeFilter, encodeFilter, filterOf, NO_FILTER, OPERATORS, secondsOf, withField, type FilterForm } from "./filterModel";

const TYPES: Record<string, FieldType> = { author: "string", year: "number", upload_date: "time" };
const form = (...rows: [string, string, string][]): FilterForm => ({ logic: "or", rows: rows.map(([field, operator, value]) => ({ field, operator, value })) });

test("values are sent in the type of their field", () => {
  const sent = filterOf(form(["author", "is", "Ada"], ["year", "≥", "1871"], ["upload_date", "after", "2026-01-02"], ["author", "in", "Ada, Grace ,"]), TYPES);
  expect(sent).toEqual({
    logic: "or",
    conditions: [
      { field: "author", operator: "is", value: "Ada" },
      { field: "year", operator: "≥", value: 1871 },
      { field: "upload_date", operator: "after", value: secondsOf("2026-01-02") },
      { field: "author", operator: "in", value: ["Ada", "Grace"] },
    ],
  });
});

test("a row that is not filled in is left out, unless its operator needs no value", () => {
  expect(filterOf(form(["author", "is", " "], ["year", "=", "many"], ["", "is", "x"], ["author", "in", " , "]), TYPES)).toBeNull();
  expect(filterOf(form(["author", "empty", ""]), TYPES)?.conditions).toEqual([{ field: "author", operator: "empty", value: null }]);
});

test("a field of another type starts again with an operator it knows", () => {
  const row = { field: "author", operator: "contains", value: "Ada" };
  expect(withField(row, "year", TYPES)).toEqual({ field: "year", operator: OPERATORS.number[0], value: "" });
  expect(withField({ ...row, operator: "empty" }, "year", TYPES).operator).toBe("empty");
});

test("a filter comes back from the address as it went, and nonsense is no filter", () => {
  const asked = form(["author", "is", "A, \"B\" & C"], ["year", ">", "3"]);
  expect(decodeFilter(encodeFilter(asked))).toEqual(asked);
  for (const text of [null, "", "{", "7", "[\"and\",[1,2,3]]"]) expect(decodeFilter(text).rows).toEqual([]);
  expect(encodeFilter(NO_FILTER)).toBe("");
});

test("a date is the same day after the way there and back", () => {
  expect(dateOf(secondsOf("2026-11-21") ?? 0)).toBe("2026-11-21");
  expect(secondsOf("soon")).toBeNull();
});
