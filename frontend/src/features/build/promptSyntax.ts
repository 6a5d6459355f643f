/** What `{{…}}` means in a prompt. */

export const MARK = /\{\{\s*(#[A-Za-z_][\w.]*#|[A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;
/** `#…#` names what the run provides: the passages, the question, the time. */
export const isProvided = (name: string) => name.startsWith("#");

/** Names the prompt uses and no variable has, each once, in order of appearance. */
export function unknownNames(prompt: string, known: string[]): string[] {
  const used = [...prompt.matchAll(MARK)].map((match) => match[1] ?? "");
  return [...new Set(used)].filter((name) => !isProvided(name) && !known.includes(name));
}
