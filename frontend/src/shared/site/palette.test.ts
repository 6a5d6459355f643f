/** Whatever colour an author chooses, words in it and on it can be read. */
import { describe, expect, test } from "vitest";
import { contrast, inkOn, readable, shadesOf, washOf } from "./palette";

const COLORS = ["#0b6b63", "#ffffff", "#000000", "#ffe100", "#ff00ff", "#1a237e", "#9e9e9e", "#00ff00"];

describe.each(COLORS)("the colour %s", (color) => {
  test("has a scale of ten with itself as the main shade", () => {
    const shades = shadesOf(color);
    expect(shades).toHaveLength(10);
    expect(shades[7]).toBe(color);
    expect(shades.every((shade) => /^#[0-9a-f]{6}$/.test(shade))).toBe(true);
  });

  test("is read as text on both surfaces, and text is read on it", () => {
    expect(contrast(readable(color, "light"), "#ffffff")).toBeGreaterThanOrEqual(4.5);
    expect(contrast(readable(color, "dark"), "#14171d")).toBeGreaterThanOrEqual(4.5);
    expect(contrast(inkOn(color), color)).toBeGreaterThanOrEqual(4);
  });

  test("makes a ground on which plain text is read", () => {
    expect(contrast(washOf(color, "light"), "#1b212d")).toBeGreaterThanOrEqual(7);
    expect(contrast(washOf(color, "dark"), "#d8dce4")).toBeGreaterThanOrEqual(7);
  });
});

test("what is no colour is ours", () => {
  expect(shadesOf("url(https://evil.example)")[7]).toBe("#0b6b63");
});
