/** Many files go two at a time; one that fails waits for its retry and stops no other. */
import { expect, test, vi } from "vitest";
import { ApiError } from "@/shared/api/client";
import { createUploads, summaryOf, type Upload } from "./uploads";

const file = (name: string) => new File(["x"], name);
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test("no more than two files are sent at once and all arrive", async () => {
  let [now, most] = [0, 0];
  const queue = createUploads(async () => {
    now += 1;
    most = Math.max(most, now);
    await settle();
    now -= 1;
    return { wasThere: false };
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
    return { wasThere: false };
  }, () => undefined);
  queue.add([file("bad.png"), file("good.pdf")]);
  const states = () => queue.store.getState().uploads.map((upload) => upload.state);
  await vi.waitFor(() => expect(states()).toEqual(["failed", "done"]));
  expect(queue.store.getState().uploads[0]?.error?.code).toBe("unsupported_file_type");
  refuse = false;
  queue.retry(queue.store.getState().uploads[0]?.key ?? 0);
  await vi.waitFor(() => expect(states()).toEqual(["done", "done"]));
});

test("of a thousand files those that arrived need no row, and the failed ones come before those that wait", () => {
  const upload = (key: number, state: Upload["state"]): Upload => ({ key, file: file(`${key}`), state, fraction: 0, error: null, wasThere: false });
  const uploads = [...Array.from({ length: 1000 }, (_, key) => upload(key, "done")), upload(1000, "waiting"), upload(1001, "sending"), upload(1002, "failed"), { ...upload(1003, "done"), wasThere: true }];
  expect(summaryOf(uploads, 2).shown.map(({ key }) => key)).toEqual([1001, 1002]);
  expect(summaryOf(uploads, 9).shown.map(({ key }) => key)).toEqual([1000, 1001, 1002, 1003]);
  expect(summaryOf(uploads, 9).counts).toEqual({ done: 1001, total: 1004, failed: 1, open: 2 });
});

test("what has arrived can be put away while the rest goes on", async () => {
  const queue = createUploads(async (sent) => {
    if (sent.name === "slow") await new Promise(() => undefined);
    return { wasThere: true };
  }, () => undefined);
  queue.add([file("quick"), file("slow")]);
  await vi.waitFor(() => expect(queue.store.getState().uploads[0]).toMatchObject({ state: "done", wasThere: true }));
  queue.clear();
  expect(queue.store.getState().uploads.map((each) => each.file.name)).toEqual(["slow"]);
});
