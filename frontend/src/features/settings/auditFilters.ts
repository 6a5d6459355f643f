/** What of the audit log is asked for: read from the address and written to the request. */
export const FILTERS = ["actor", "action", "search", "since", "until"] as const;
export type AuditFilters = Record<(typeof FILTERS)[number], string>;

export function filtersOf(search: URLSearchParams): AuditFilters {
  return Object.fromEntries(FILTERS.map((name) => [name, search.get(name) ?? ""])) as AuditFilters;
}

/** The start of a day here, some days later, as a moment; nothing for a text that is no day. */
function startOf(day: string, later = 0): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(day)) return "";
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  const start = new Date(year, month - 1, date + later);
  return Number.isNaN(start.getTime()) ? "" : start.toISOString();
}

/** Days are whole ones of the reader: the last one counts to its end. Empty ones are left out. */
export function queryOf({ since, until, ...words }: AuditFilters): Record<string, string> {
  const asked = { ...words, since: startOf(since), until: startOf(until, 1) };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== ""));
}
