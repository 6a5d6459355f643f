/** A number is written in the unit that it rounds to. */
import { expect, test } from "vitest";
import { formatDuration } from "./numbers";

test.each([
  [null, "–"],
  [0, "0 ms"],
  [999.4, "999 ms"],
  [999.6, "1.00 s"],
  [9_994, "9.99 s"],
  [9_996, "10.0 s"],
  [59_940, "59.9 s"],
  [59_960, "1 min 0 s"],
  [119_700, "2 min 0 s"],
])("%s milliseconds are %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
