/** Which addresses a link from a model may have: http, https and mailto, written out in full. */

const ALLOWED = new Set(["http:", "https:", "mailto:"]);

export function safeUrl(href: string | undefined): string | null {
  if (!href) return null;
  try {
    const url = new URL(href);
    return ALLOWED.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
