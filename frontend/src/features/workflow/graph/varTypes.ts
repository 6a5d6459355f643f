/** The types of values that flow through a graph, and what may go where: the same rules as on the server. */

export const VAR_TYPES = ["string", "number", "boolean", "object", "file", "array[string]", "array[number]", "array[boolean]", "array[object]", "array[file]", "array[any]", "any"] as const;

const KNOWN: ReadonlySet<string> = new Set(VAR_TYPES);
const ALIASES: Readonly<Record<string, string>> = {
  secret: "string",
  integer: "number",
  float: "number",
  bool: "boolean",
  array: "array[any]",
  "file-list": "array[file]",
  "text-input": "string",
  text: "string",
  paragraph: "string",
  select: "string",
  checkbox: "boolean",
  json_object: "object",
  "array[message]": "array[object]",
  "array[integer]": "array[number]",
  "array[float]": "array[number]",
};

export function varType(name: string): string {
  return KNOWN.has(name) ? name : (ALIASES[name] ?? "any");
}

const isArray = (type: string) => type.startsWith("array");

/** Whether a value declared as `given` may go where one of `wanted` is asked for; unknown types may. */
export function fits(given: string, wanted: readonly string[]): boolean {
  return wanted.some(
    (kind) =>
      given === "any" ||
      kind === "any" ||
      given === kind ||
      (isArray(given) && isArray(kind) && (given === "array[any]" || kind === "array[any]")) ||
      (given === "file" && kind === "object") ||
      (given === "array[file]" && kind === "array[object]"),
  );
}
