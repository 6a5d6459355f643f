/** The filters of the list as they stand in the address; pure, so that they can be tested. */

export const FILTER_NAMES = [
  "search",
  "app",
  "status",
  "source",
  "version",
  "model",
  "member",
  "end_user",
  "key",
  "conversation",
  "since",
  "until",
  "error_code",
  "node",
  "feedback",
  "cost_min",
  "cost_max",
  "elapsed_ms_min",
  "elapsed_ms_max",
  "ttft_ms_min",
  "ttft_ms_max",
  "tokens_min",
  "tokens_max",
] as const;

export type FilterName = (typeof FILTER_NAMES)[number];
export type Filters = Partial<Record<FilterName, string>>;

/** Those that always stand in the bar; the others are chips once they are set. */
const IN_BAR = ["search", "app", "status", "source"] as const;
export type ChipName = Exclude<FilterName, (typeof IN_BAR)[number]>;

const isChip = (name: FilterName): name is ChipName => !(IN_BAR as readonly string[]).includes(name);

export function filtersOf(search: URLSearchParams): Filters {
  const found: Filters = {};
  for (const name of FILTER_NAMES) {
    const value = search.get(name)?.trim();
    if (value) found[name] = value;
  }
  return found;
}

/** Writes filters into an address; what else stands there stays. */
export function withFilters(search: URLSearchParams, change: Partial<Record<FilterName, string | null>>): URLSearchParams {
  const changed = new URLSearchParams(search);
  for (const [name, value] of Object.entries(change)) {
    if (value?.trim()) changed.set(name, value.trim());
    else changed.delete(name);
  }
  return changed;
}

export function chipsOf(filters: Filters): [ChipName, string][] {
  return FILTER_NAMES.filter(isChip).flatMap((name): [ChipName, string][] => (filters[name] ? [[name, filters[name]]] : []));
}

/** What a field for a moment shows of the moment in the address, and back: the field knows no time zone. */
export function toLocalField(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function fromLocalField(text: string): string {
  const at = new Date(text);
  return text === "" || Number.isNaN(at.getTime()) ? "" : at.toISOString();
}
