/** What `{{…}}` means in a prompt. */

export const MARK = /\{\{\s*(#context#|[A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g;
export const CONTEXT = "#context#";

/** Names the prompt uses and no variable has, each once, in order of appearance. */
export function unknownNames(prompt: string, known: string[]): string[] {
  const used = [...prompt.matchAll(MARK)].map((match) => match[1] ?? "");
  return [...new Set(used)].filter((name) => name !== CONTEXT && !known.includes(name));
}
