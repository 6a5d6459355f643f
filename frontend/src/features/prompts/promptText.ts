/** What a prompt's text says of itself. */

const MARK = /\{\{\s*([\p{L}_][\p{L}\p{N}_]*)\s*\}\}/gu;

/** The names in double braces, each once, in order. */
export function variablesIn(text: string): string[] {
  return [...new Set([...text.matchAll(MARK)].map((match) => match[1] ?? ""))];
}
