import { expect, test } from "vitest";
import { isSet, withParameter } from "./parameters";

/** As the server sends a draft in which nobody chose anything. */
const untouched = { temperature: 0.7, top_p: 1, max_tokens: null, top_k: null, min_p: null, presence_penalty: 0, frequency_penalty: 0, repeat_penalty: null, seed: null, stop: [] };

test("the defaults that the server fills in unfold nothing", () => {
  expect(isSet(untouched)).toBe(false);
});

test.each([{ seed: 0 }, { presence_penalty: -1 }, { repeat_penalty: 1.1 }, { stop: ["END"] }])("%o unfolds what few need", (chosen) => {
  expect(isSet({ ...untouched, ...chosen })).toBe(true);
});

test("an emptied field leaves its parameter to the server, and zero is a choice", () => {
  expect(withParameter({ seed: 7, top_p: 1 }, "seed", null)).toEqual({ top_p: 1 });
  expect(withParameter({ top_p: 1 }, "seed", 0)).toEqual({ top_p: 1, seed: 0 });
});
