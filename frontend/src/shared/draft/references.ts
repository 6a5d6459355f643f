/** What `{{…}}` means in the texts of a draft, and how a variable is renamed in all of them together. */
import type { Draft, Json } from "@/shared/api/types";

export const MARK = /\{\{\s*(#[^#{}]+#|[\p{L}_][\p{L}\p{N}_]*)\s*\}\}/gu;
export const NAME = /^[\p{L}_][\p{L}\p{N}_]{0,63}$/u;

/** `#…#` names what the run provides: the passages, the question, the time. */
export const isProvided = (name: string) => name.startsWith("#");

function namesIn(text: string): string[] {
  return [...text.matchAll(MARK)].map((match) => match[1] ?? "").filter((name) => !isProvided(name));
}

/** Names the text uses and no variable has, each once, in order of appearance. */
export function unknownNames(text: string, known: string[]): string[] {
  return [...new Set(namesIn(text))].filter((name) => !known.includes(name));
}

type Named = Pick<Draft, "variables" | "prompt" | "examples" | "opening_statement">;

function textsOf(draft: Named): string[] {
  return [draft.prompt, draft.opening_statement, ...draft.examples.flatMap((example) => [example.user, example.assistant])];
}

/** How often the draft's texts name a variable. */
export function usesOf(draft: Named, name: string): number {
  return textsOf(draft).flatMap(namesIn).filter((each) => each === name).length;
}

/** The parts of the draft that change when a variable gets another name. */
export function renamed(draft: Named, from: string, to: string): Named {
  const inText = (text: string) => text.replace(MARK, (mark, name: string) => (name === from ? mark.replace(name, () => to) : mark));
  return {
    variables: draft.variables.map((variable) => (variable.name === from ? { ...variable, name: to } : variable)),
    prompt: inText(draft.prompt),
    opening_statement: inText(draft.opening_statement),
    examples: draft.examples.map((example) => ({ user: inText(example.user), assistant: inText(example.assistant) })),
  };
}

/** A text as people see it: with the values of the variables that have one, the others as they stand. */
/** A file by its name, anything else as it reads in a text. */
function shown(value: Json): string {
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (typeof value === "object" && value !== null && typeof value.name === "string") return value.name;
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function filledIn(text: string, values: Record<string, Json>): string {
  return text.replace(MARK, (mark, name: string) => {
    const value = values[name];
    if (value === undefined || value === null) return mark;
    return shown(value);
  });
}
