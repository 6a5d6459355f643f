/** Where things stand in a chart: scales, steps of the axis, lines with gaps. Pure. */

export interface Box {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Round numbers from 0 to at least `most`, four or five of them. */
export function ticksTo(most: number): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((each) => each >= rough * (1 - 1e-9)) ?? 10 * power;
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** The middle of each of `count` columns of equal width. */
export function columnsOf(count: number, box: Box): { x: number; left: number; width: number }[] {
  const width = (box.width - box.left - box.right) / Math.max(1, count);
  return Array.from({ length: count }, (_, index) => ({ x: box.left + (index + 0.5) * width, left: box.left + index * width, width }));
}

export function heightOf(box: Box, most: number): (value: number) => number {
  const room = box.height - box.top - box.bottom;
  return (value) => box.height - box.bottom - (most > 0 ? value / most : 0) * room;
}

type Spot = { x: number; y: number } | null;

const point = ({ x, y }: { x: number; y: number }) => `${x.toFixed(1)},${y.toFixed(1)}`;

/** Stretches without a gap. */
function stretchesOf<T>(spots: (T | null)[]): T[][] {
  const found: T[][] = [[]];
  for (const spot of spots) {
    if (spot !== null) found[found.length - 1]?.push(spot);
    else found.push([]);
  }
  return found.filter((stretch) => stretch.length > 0);
}

/** A line that leaves out what has no data; a lone point is a short stroke. */
export function lineOf(spots: Spot[]): string {
  return stretchesOf(spots)
    .map((stretch) => (stretch.length === 1 && stretch[0] ? `M${point({ x: stretch[0].x - 3, y: stretch[0].y })}h6` : `M${stretch.map(point).join("L")}`))
    .join("");
}

/** The surface between two lines. */
export function bandOf(lower: Spot[], upper: Spot[]): string {
  const pairs = lower.map((low, index) => {
    const high = upper[index];
    return low && high ? { low, high } : null;
  });
  return stretchesOf(pairs)
    .map((stretch) => `M${stretch.map(({ high }) => point(high)).join("L")}L${[...stretch].reverse().map(({ low }) => point(low)).join("L")}Z`)
    .join("");
}

/** By how much it changed, as a share; null where there is nothing to compare with. */
export function changeOf(value: number | null, previous: number | null): number | null {
  return value === null || previous === null || previous === 0 ? null : value / previous - 1;
}

/** Which columns get words beneath: as many as there is room for, evenly. */
export function labelled(count: number, room: number): number[] {
  const every = Math.max(1, Math.ceil(count / Math.max(1, room)));
  return Array.from({ length: count }, (_, index) => index).filter((index) => index % every === 0);
}
