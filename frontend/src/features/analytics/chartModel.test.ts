import { describe, expect, test } from "vitest";
import { bandOf, changeOf, columnsOf, heightOf, labelled, lineOf, ticksTo } from "./chartModel";
import { choiceOf, metricsOf, runsQuery } from "./choice";

const BOX = { width: 100, height: 50, left: 10, right: 10, top: 5, bottom: 5 };

describe("a chart", () => {
  test("has round steps that reach the highest value", () => {
    expect(ticksTo(97)).toEqual([0, 25, 50, 75, 100]);
    expect(ticksTo(0.3)).toEqual([0, 0.1, 0.2, 0.3]);
    expect(ticksTo(0)).toEqual([0, 1]);
    for (const most of [1, 3, 7, 12, 999, 1e7, 0.0041]) expect(ticksTo(most).at(-1)).toBeGreaterThanOrEqual(most);
  });

  test("has columns side by side and heights between its edges", () => {
    const columns = columnsOf(4, BOX);
    expect(columns.map(({ left }) => left)).toEqual([10, 30, 50, 70]);
    const height = heightOf(BOX, 20);
    expect([height(0), height(20), height(10)]).toEqual([45, 5, 25]);
    expect(heightOf(BOX, 0)(0)).toBe(45);
  });

  test("breaks its lines where there is no data", () => {
    const at = (x: number) => ({ x, y: 1 });
    expect(lineOf([at(1), at(2), null, at(4), null])).toBe("M1.0,1.0L2.0,1.0M1.0,1.0h6");
    expect(lineOf([null, null])).toBe("");
    expect(bandOf([at(1), null], [{ x: 1, y: 3 }, at(2)])).toBe("M1.0,3.0L1.0,1.0Z");
  });

  test("names as many columns as there is room for", () => {
    expect(labelled(10, 5)).toEqual([0, 2, 4, 6, 8]);
    expect(labelled(3, 8)).toEqual([0, 1, 2]);
  });

  test("compares with nothing only where there is something", () => {
    expect(changeOf(150, 100)).toBeCloseTo(0.5);
    expect([changeOf(1, 0), changeOf(null, 2), changeOf(1, null)]).toEqual([null, null, null]);
  });
});

describe("what is looked at", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");

  test("is the last seven days unless the address says otherwise", () => {
    const choice = choiceOf(new URLSearchParams(), now);
    expect([choice.period, choice.since, choice.until, choice.dimension]).toEqual(["7d", "2026-11-14T12:00:00Z", "2026-11-21T12:00:00Z", "app"]);
    const own = choiceOf(new URLSearchParams("since=a&until=b&chart=time&by=moon&order=cost"), now);
    expect([own.period, own.since, own.until, own.chart, own.dimension, own.order]).toEqual([null, "a", "b", "time", "app", "cost"]);
  });

  test("of an app begins with its versions, which need one", () => {
    expect(choiceOf(new URLSearchParams(), now, "x").dimension).toBe("version");
    expect(choiceOf(new URLSearchParams("by=version"), now).dimension).toBe("app");
    expect(choiceOf(new URLSearchParams("by=version&app=y"), now).dimension).toBe("version");
  });

  test("leads to the runs", () => {
    expect(runsQuery({ app: "x", status: "failed" })).toBe("?app=x&status=failed");
    expect(runsQuery({ app: "x", status: "failed" }, "x")).toBe("?status=failed");
    expect(metricsOf("ttft")).toEqual(["ttft_p50", "ttft_p95", "ttft_p99"]);
  });
});
