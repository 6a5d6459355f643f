/** Filters survive the way into the address and back. */
import { expect, test } from "vitest";
import { chipsOf, filtersOf, fromLocalField, toLocalField, withFilters } from "./filters";

test("an address gives its filters and keeps what is none", () => {
  const search = new URLSearchParams("status=failed&tab=events&cost_min=0.5&end_user=%20");
  expect(filtersOf(search)).toEqual({ status: "failed", cost_min: "0.5" });
  const changed = withFilters(search, { status: null, search: " soup ", cost_min: "" });
  expect(changed.get("tab")).toBe("events");
  expect(filtersOf(changed)).toEqual({ search: "soup" });
});

test("what has no field of its own in the bar is a chip", () => {
  expect(chipsOf({ status: "failed", search: "x", version: "3", tokens_min: "9" })).toEqual([
    ["version", "3"],
    ["tokens_min", "9"],
  ]);
});

test("a moment stays the same through its field", () => {
  const iso = "2026-11-21T09:30:00.000Z";
  expect(fromLocalField(toLocalField(iso))).toBe(iso);
  expect(toLocalField("soon")).toBe("");
  expect(fromLocalField("")).toBe("");
});
