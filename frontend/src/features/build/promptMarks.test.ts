/** Which variable stands at the caret. */
import { expect, test } from "vitest";
import { variableAt } from "./promptMarks";

test("the caret is on a variable from its first brace to its last, and on nothing else", () => {
  const text = "Hi {{who}} {{#context#}}";
  expect([2, 3, 6, 10, 11, 15].map((position) => variableAt(text, position))).toEqual([null, "who", "who", "who", null, null]);
});
