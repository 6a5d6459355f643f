import { expect, test } from "vitest";
import { viewsOf } from "./savedViews";

test("what a browser kept is read, and what is none is left out", () => {
  expect(viewsOf('[{"name":"failed","query":"status=failed"},{"name":""},3]')).toEqual([{ name: "failed", query: "status=failed" }]);
  expect(viewsOf("nonsense")).toEqual([]);
  expect(viewsOf('{"name":"x"}')).toEqual([]);
});
