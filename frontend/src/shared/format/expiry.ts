/** When something ends that shall last so many days. */

const DAY_MS = 86_400_000;

export function expiryAfterDays(days: number, now = Date.now()): string {
  return new Date(now + days * DAY_MS).toISOString();
}
