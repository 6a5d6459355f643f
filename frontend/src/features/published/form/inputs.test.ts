/** What a form sends: each input in its own type, and nothing that was left empty. */
import { expect, test } from "vitest";
import type { SiteVariable } from "@/shared/site/types";
import { missingInputs, sentInputs } from "./inputs";

const variable = (name: string, type: SiteVariable["type"], required = false, value: SiteVariable["default"] = null): SiteVariable => ({
  name, label: name, type, required, default: value, options: [], max_length: null,
});
const FORM = [
  variable("text", "text", true),
  variable("tone", "select", true, "kind"),
  variable("short", "checkbox", true),
  variable("data", "json_object"),
  variable("file", "file", true),
  variable("more", "file-list"),
];

test("defaults stand in, files go by their ids, JSON goes as JSON", () => {
  const file = { id: "f1", name: "a.txt" };
  expect(sentInputs(FORM, { text: "hi", data: '{"a":1}', file, more: [file] })).toEqual({
    text: "hi", tone: "kind", short: false, data: { a: 1 }, file: "f1", more: ["f1"],
  });
});

test("what is required and empty is missing, broken JSON is not sent, a tick is never missing", () => {
  expect(missingInputs(FORM, {}).map((each) => each.name)).toEqual(["text", "file"]);
  expect(sentInputs(FORM, { data: "{" })).toEqual({ tone: "kind", short: false });
});
