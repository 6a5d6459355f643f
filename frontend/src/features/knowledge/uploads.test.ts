/** Many files go two at a time; one that fails waits for its retry and stops no other. */
import { expect, test, vi } from "vitest";
import { ApiError } from "@/shared/api/client";
import { createUploads } from "./uploads";

const file = (name: string) => new File(["x"], name);
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test("no more than two files are sent at once and all arrive", async () => {
  let [now, most] = [0, 0];
  const queue = createUploads(async () => {
    now += 1;
    most = Math.max(most, now);
    await settle();
    now -= 1;
  }, () => undefined);
  queue.add(["a", "b", "c", "d", "e"].map(file));
  await vi.waitFor(() => expect(queue.store.getState().uploads.every((upload) => upload.state === "done")).toBe(true));
  expect(most).toBe(2);
});

test("a refused file shows its reason and can be sent again", async () => {
  let refuse = true;
  const queue = createUploads(async (sent) => {
    await settle();
    if (refuse && sent.name === "bad.png") throw new ApiError(415, "unsupported_file_type", "no");
  }, () => undefined);
  queue.add([file("bad.png"), file("good.pdf")]);
  const states = () => queue.store.getState().uploads.map((upload) => upload.state);
  await vi.waitFor(() => expect(states()).toEqual(["failed", "done"]));
  expect(queue.store.getState().uploads[0]?.error?.code).toBe("unsupported_file_type");
  refuse = false;
  queue.retry(queue.store.getState().uploads[0]?.key ?? 0);
  await vi.waitFor(() => expect(states()).toEqual(["done", "done"]));
});
