/** A growing answer is cut so that only its last block changes. */
import { expect, test } from "vitest";
import { splitBlocks } from "./blocks";

const TEXT = "# Title\n\nFirst.\n\n- one\n\n- two\n\n  still two\n\n```py\nx = 1\n\ny = 2\n```\n\nLast.";

test("joined blocks are the text", () => {
  expect(splitBlocks(TEXT).join("\n")).toBe(TEXT);
});

test("a fence and a list stay whole", () => {
  const blocks = splitBlocks(TEXT);
  expect(blocks.filter((block) => block.includes("x = 1"))[0]).toContain("y = 2");
  expect(blocks.filter((block) => block.includes("- one"))[0]).toContain("still two");
});

test("earlier blocks stay the same while the text grows", () => {
  const whole = splitBlocks(TEXT);
  for (let end = 1; end < TEXT.length; end += 1) {
    const grown = splitBlocks(TEXT.slice(0, end)).slice(0, -1);
    expect(whole.slice(0, grown.length)).toEqual(grown);
  }
});
