import { expect, test } from "vitest";
import { filtersOf, queryOf } from "./auditFilters";

test("what is not filled in is not asked for", () => {
  expect(queryOf(filtersOf(new URLSearchParams("actor=ann&other=1")))).toEqual({ actor: "ann" });
});

test("the last day counts to its end, and a day that is none does not count", () => {
  const asked = queryOf(filtersOf(new URLSearchParams("since=2026-11-21&until=2026-11-21")));
  expect(new Date(asked.until ?? "").getTime() - new Date(asked.since ?? "").getTime()).toBe(24 * 3600 * 1000);
  expect(queryOf(filtersOf(new URLSearchParams("since=nonsense")))).toEqual({});
});
