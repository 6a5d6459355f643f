/** Numbers for eyes: durations, sizes, money; language-aware where a language differs. */

export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "–";
  // What rounds up to the next unit is written in it.
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1_000 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power]}`;
}

export function formatCount(count: number | null | undefined, language?: string): string {
  return count === null || count === undefined ? "–" : new Intl.NumberFormat(language ?? (document.documentElement.lang || undefined)).format(count);
}

/** Decimal strings in USD; keeps the digits that small prices need. */
export function formatUsd(amount: string | number | null | undefined): string {
  const value = Number(amount);
  if (amount === null || amount === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "$0";
  return `$${value >= 0.01 ? value.toFixed(2) : value.toPrecision(2)}`;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function formatRelative(iso: string, language: string, now = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1_000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit);
  }
  return format.format(0, "second");
}
