import { expect, test } from "vitest";
import { unitOf, valueText } from "./alerts";

test("shares are said in per cent, times and money in their units", () => {
  expect(valueText("error_rate", 0.0525)).toBe("5.25 %");
  expect(valueText("cost", 2.5)).toBe("$2.50");
  expect(valueText("ttft_p95", 1500)).toBe("1.50 s");
  expect(valueText("runs", 3)).toBe("3");
  expect(valueText("runs", null)).toBe("–");
});

test("a form asks for per cent where the API takes a share", () => {
  expect(unitOf("satisfaction")).toEqual({ prefix: "", suffix: " %", factor: 100 });
  expect(unitOf("tokens_per_second").factor).toBe(1);
});
