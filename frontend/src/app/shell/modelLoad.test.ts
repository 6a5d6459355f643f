import { expect, test } from "vitest";
import { loadWord, type ModelLoad } from "./modelLoad";

const model = (values: Partial<ModelLoad> = {}): ModelLoad => ({ model: "m", state: "loaded", reason: "", active: 0, queued: 0, kv_used_tokens: 0, kv_total_tokens: 0, ...values });
const word = (...models: ModelLoad[]) => loadWord({ is_reached: true, models });

test("one word says how the local models are", () => {
  expect(word(model(), model({ state: "installed" }))).toEqual({ word: "ready", count: 0 });
  expect(word(model({ active: 2 }), model({ active: 1 }))).toEqual({ word: "busy", count: 3 });
  expect(word(model({ active: 2, queued: 4 }))).toEqual({ word: "queue", count: 4 });
  expect(word(model({ active: 2 }), model({ state: "loading" })).word).toBe("loading");
  expect(word(model({ state: "failed" }), model({ state: "loading" })).word).toBe("failed");
  expect(loadWord({ is_reached: false, models: [] }).word).toBe("unreachable");
});
