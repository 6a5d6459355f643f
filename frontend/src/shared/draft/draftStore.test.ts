/** A draft saves itself once after a pause, never two saves at a time, and nothing typed is lost. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError } from "@/shared/api/client";
import type { Draft } from "@/shared/api/types";
import { createDraftStore } from "./draftStore";

const DRAFT = { prompt: "" } as Draft;

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function deferred() {
  let finish: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { promise, finish };
}

test("many edits in a row are one save of the last", async () => {
  const save = vi.fn(() => Promise.resolve());
  const store = createDraftStore(DRAFT, save, 500);
  for (const prompt of ["a", "ab", "abc"]) store.getState().edit({ prompt });
  expect(store.getState().saveState).toBe("dirty");
  await vi.advanceTimersByTimeAsync(500);
  expect(save.mock.calls).toEqual([[{ prompt: "abc" }]]);
  expect(store.getState().saveState).toBe("saved");
});

test("an edit during a save is saved after it", async () => {
  const first = deferred();
  const saved: string[] = [];
  const store = createDraftStore(DRAFT, async (draft) => {
    saved.push(draft.prompt);
    if (saved.length === 1) await first.promise;
  }, 500);
  store.getState().edit({ prompt: "one" });
  await vi.advanceTimersByTimeAsync(500);
  store.getState().edit({ prompt: "two" });
  await vi.advanceTimersByTimeAsync(500);
  expect(saved).toEqual(["one"]);
  first.finish();
  await vi.advanceTimersByTimeAsync(0);
  expect(saved).toEqual(["one", "two"]);
  expect(store.getState().saveState).toBe("saved");
});

test("a refused save keeps the edit, says why and is repeated by flush", async () => {
  let refuse = true;
  const store = createDraftStore(DRAFT, () => (refuse ? Promise.reject(new ApiError(400, "unknown_variable", "no")) : Promise.resolve()), 500);
  store.getState().edit({ prompt: "{{x}}" });
  await vi.advanceTimersByTimeAsync(500);
  expect([store.getState().saveState, store.getState().error?.code, store.getState().draft.prompt]).toEqual(["error", "unknown_variable", "{{x}}"]);
  refuse = false;
  await store.getState().flush();
  expect(store.getState().saveState).toBe("saved");
});

test("flush saves at once and rejects when the server refuses", async () => {
  const store = createDraftStore(DRAFT, () => Promise.reject(new ApiError(400, "invalid", "no")), 500);
  store.getState().edit({ prompt: "x" });
  await expect(store.getState().flush()).rejects.toMatchObject({ code: "invalid" });
});
