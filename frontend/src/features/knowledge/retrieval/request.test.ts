/** A search survives the address, and old or foreign addresses do no harm. */
import { expect, test } from "vitest";
import type { RetrievalSettings } from "@/shared/api/retrievalTypes";
import { bodyOf, decodeSettings, encodeSettings, historyOf, withRecent } from "./request";

const DEFAULTS: RetrievalSettings = {
  mode: "hybrid", top_k: 4, score_threshold: null, candidates: 50, fusion: "auto", semantic_weight: 0.5, rerank: false, rerank_deadline_ms: 2000, mmr_lambda: null, neighbours: 0, rewrite: false, model_filter: false, model: "",
};

test("only what differs from the dataset's settings is in the address, and comes back", () => {
  expect(encodeSettings(DEFAULTS, DEFAULTS)).toBe("");
  const changed: RetrievalSettings = { ...DEFAULTS, mode: "semantic", score_threshold: 0.3 };
  expect(JSON.parse(encodeSettings(changed, DEFAULTS))).toEqual({ mode: "semantic", score_threshold: 0.3 });
  expect(decodeSettings(encodeSettings(changed, DEFAULTS), DEFAULTS)).toEqual(changed);
});

test("what an address should not hold is left out", () => {
  expect(decodeSettings('{"top_k":"many","gone":1,"mmr_lambda":null,"rerank":true}', DEFAULTS)).toEqual({ ...DEFAULTS, rerank: true });
  for (const text of ["{", "[]", "null", "7"]) expect(decodeSettings(text, DEFAULTS)).toEqual(DEFAULTS);
});

test("earlier messages go along only where the query is rewritten", () => {
  const history = historyOf("Who built it?\n\n Aino Seppala. \nWhen?");
  expect(history.map((message) => message.role)).toEqual(["user", "assistant", "user"]);
  expect(bodyOf("q", DEFAULTS, null, history)).not.toHaveProperty("history");
  expect(bodyOf("q", { ...DEFAULTS, rewrite: true }, null, history).history).toHaveLength(3);
});

test("a query asked again moves to the front", () => {
  expect(withRecent(["a", "b", "c"], "b")).toEqual(["b", "a", "c"]);
  expect(withRecent([..."abcdefgh"], "x")).toHaveLength(8);
});
