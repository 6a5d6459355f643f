import { expect, test } from "vitest";
import { amountText, share, shareColor } from "./limits";

test("a limit is near its end from four fifths on, and over at the whole", () => {
  expect(shareColor({ amount: "10", used: "7.9" })).toBe("accent");
  expect(shareColor({ amount: "10", used: "8" })).toBe("yellow");
  expect(shareColor({ amount: "10", used: "12" })).toBe("red");
  expect(share({ amount: "10", used: "12" })).toBe(1);
});

test("a limit of nothing is used up", () => {
  expect(share({ amount: "0", used: "0" })).toBe(1);
});

test("money has a sign, counts have none", () => {
  expect(amountText("cost", "2.5")).toBe("$2.50");
  expect(amountText("tokens", "0")).toBe("0");
});
