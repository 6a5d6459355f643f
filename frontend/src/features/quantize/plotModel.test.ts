import { describe, expect, it } from "vitest";
import { type Bubble, plotOf, ticksOf } from "./plotModel";
import type { ReportRow } from "./quantizations";

const BOX = { width: 600, height: 320, left: 56, right: 16, top: 12, bottom: 40 };

function row(type: string, size_bytes: number, perplexity: number, decode_tokens_s: number): ReportRow {
  return { type, size_bytes, perplexity, decode_tokens_s, bits_per_weight: 4, perplexity_error: 0.1, kl_mean: 0, kl_p99: 0, top1_agreement: 1, prefill_tokens_s: 1, memory_bytes: 1, quantize_s: 1 };
}

describe("the plot of a report", () => {
  const rows = [row("source", 270e6, 10, 50), row("q8_0", 145e6, 10.05, 100), row("q4_0", 92e6, 11.5, 200), row("q4_1", 93e6, 11.4, 190), row("q2_K", 91e6, 11.6, 180)];

  it("puts larger files further right and worse ones higher up", () => {
    const [source, q8, q4] = plotOf(rows, BOX).bubbles as [Bubble, Bubble, Bubble];
    expect(q8.x).toBeLessThan(source.x);
    expect(q4.x).toBeLessThan(q8.x);
    expect(q4.y).toBeLessThan(q8.y);
  });

  it("gives the area of a bubble to its speed", () => {
    const [source, , q4] = plotOf(rows, BOX).bubbles as [Bubble, Bubble, Bubble];
    expect(q4.radius / source.radius).toBeCloseTo(2);
  });

  it("keeps bubbles and names inside, and names off each other", () => {
    const { bubbles } = plotOf(rows, BOX);
    for (const { x, y, label } of bubbles) {
      expect(x).toBeGreaterThan(BOX.left);
      expect(x).toBeLessThan(BOX.width - BOX.right);
      for (const at of [y, label.y]) {
        expect(at).toBeGreaterThan(BOX.top);
        expect(at).toBeLessThan(BOX.height - BOX.bottom);
      }
    }
    const close = bubbles.slice(2).map(({ label }) => label.y);
    expect(new Set(close.map((at) => Math.round(at / 7))).size).toBe(close.length);
  });

  it("survives one row and none", () => {
    expect(plotOf(rows.slice(0, 1), BOX).bubbles[0]?.x).toBeGreaterThan(0);
    expect(plotOf([], BOX).bubbles).toEqual([]);
  });

  it("counts in round steps", () => {
    expect(ticksOf(0, 100)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(ticksOf(9.8, 11.9)).toEqual([10, 10.5, 11, 11.5]);
  });
});
