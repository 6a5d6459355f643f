import { describe, expect, it } from "vitest";
import { pageImage, widthFor } from "./pageImage";

describe("the picture of a page", () => {
  it("tells its size from the head of the file", async () => {
    const head = new Uint8Array(33);
    new DataView(head.buffer).setUint32(16, 1200);
    new DataView(head.buffer).setUint32(20, 1698);
    const { width, height } = await pageImage(new Blob([head]));
    expect([width, height]).toEqual([1200, 1698]);
  });

  it("is asked for no finer than the screen shows it", () => {
    expect([widthFor(1, 390), widthFor(1, 1440), widthFor(1.5, 390), widthFor(3, 1440)]).toEqual([800, 1200, 1800, 1800]);
  });
});
