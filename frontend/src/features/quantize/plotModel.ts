/** Where the bubbles of the plot lie: pure geometry, size against perplexity, area for tokens per second. */
import type { ReportRow } from "./quantizations";

export interface Bubble {
  row: ReportRow;
  x: number;
  y: number;
  radius: number;
  label: { x: number; y: number; anchor: "start" | "end" };
}

export interface Tick {
  at: number;
  value: number;
}

export interface Plot {
  bubbles: Bubble[];
  xTicks: Tick[];
  yTicks: Tick[];
}

export interface Box {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const LEAST_RADIUS = 5;
const MOST_RADIUS = 16;
const LABEL_HEIGHT = 15;
const TICKS = 5;

/** Round steps of 1, 2 or 5 times a power of ten. */
export function ticksOf(low: number, high: number, count = TICKS): number[] {
  const raw = (high - low || Math.abs(high) || 1) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / step); tick * step <= high + step * 1e-9; tick += 1) ticks.push(Number((tick * step).toPrecision(12)));
  return ticks;
}

export function plotOf(rows: ReportRow[], box: Box): Plot {
  if (rows.length === 0) return { bubbles: [], xTicks: [], yTicks: [] };
  const [left, right] = widened(rows.map((row) => row.size_bytes), 0.08);
  const [low, high] = widened(rows.map((row) => row.perplexity), 0.15);
  const x = (value: number) => box.left + ((value - left) / (right - left)) * (box.width - box.left - box.right);
  const y = (value: number) => box.height - box.bottom - ((value - low) / (high - low)) * (box.height - box.top - box.bottom);
  const fastest = Math.max(...rows.map((row) => row.decode_tokens_s), 1e-9);
  const bubbles = rows.map((row) => {
    const radius = Math.max(LEAST_RADIUS, MOST_RADIUS * Math.sqrt(row.decode_tokens_s / fastest));
    return { row, x: x(row.size_bytes), y: y(row.perplexity), radius };
  });
  return {
    bubbles: labelled(bubbles, box),
    xTicks: ticksOf(left, right).map((value) => ({ value, at: x(value) })),
    yTicks: ticksOf(low, high).map((value) => ({ value, at: y(value) })),
  };
}

function widened(values: number[], share: number): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const margin = (high - low || high || 1) * share;
  return [low - margin, high + margin];
}

/** Names stand beside their bubbles; one that would cover another moves up or down until it is free. */
function labelled(bubbles: Omit<Bubble, "label">[], box: Box): Bubble[] {
  const taken: { left: number; right: number; y: number }[] = [];
  return bubbles.map((bubble) => {
    const isRight = bubble.x > box.width - box.right - 70;
    const width = bubble.row.type.length * 7.5 + 4;
    const start = isRight ? bubble.x - bubble.radius - 4 : bubble.x + bubble.radius + 4;
    const [from, to] = isRight ? [start - width, start] : [start, start + width];
    const isFree = (y: number) => y > box.top && y < box.height - box.bottom && taken.every((other) => to < other.left || from > other.right || Math.abs(other.y - y) >= LABEL_HEIGHT);
    const shifts = Array.from({ length: 25 }, (_, step) => (step % 2 === 0 ? -1 : 1) * Math.ceil(step / 2) * (LABEL_HEIGHT / 2));
    const y = bubble.y + (shifts.find((shift) => isFree(bubble.y + shift)) ?? 0);
    taken.push({ left: from, right: to, y });
    return { ...bubble, label: { x: start, y, anchor: isRight ? "end" : "start" } };
  });
}
