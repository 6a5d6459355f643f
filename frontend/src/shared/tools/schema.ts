/** A form from a JSON schema: which field each property gets, and which arguments the filled form stands for. */
import type { Json, JsonObject, Tool } from "@/shared/api/types";

export type FieldKind = "text" | "lines" | "choice" | "number" | "integer" | "switch" | "choices" | "list" | "json";

export interface Field {
  name: string;
  kind: FieldKind;
  label: string;
  hint: string;
  required: boolean;
  options: { value: string; label: string }[];
  min?: number;
  max?: number;
  fallback: Json | undefined;
  /** What the value may be; a text that is JSON of one of these stands for what it says. Empty: anything. */
  types: string[];
}

/** What people typed: texts for texts and JSON, and values for the rest; undefined is left out. */
export type Filled = Record<string, Json | undefined>;

const LONG = new Set(["code", "content", "body", "text", "template"]);

function asObject(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

const asList = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);
const asNumber = (value: Json | undefined): number | undefined => (typeof value === "number" ? value : undefined);

/** The types that a value may have, and the branch that says most: null is what an absent value has. */
function typesOf(schema: JsonObject): { types: string[]; inner: JsonObject } {
  const branches = asList(schema.anyOf).map(asObject).filter((branch) => branch.type !== "null");
  if (branches.length > 0) return { types: branches.map((branch) => String(branch.type)), inner: { ...branches[0], ...schema } };
  const { type } = schema;
  return { types: Array.isArray(type) ? type.map(String) : typeof type === "string" ? [type] : [], inner: schema };
}

function kindOf(name: string, types: string[], schema: JsonObject): FieldKind {
  if (asList(schema.enum).length > 0) return "choice";
  const [only] = types;
  if (types.length !== 1) return LONG.has(name) ? "lines" : "text";
  switch (only) {
    case "string":
      return LONG.has(name) ? "lines" : "text";
    case "number":
    case "integer":
      return only;
    case "boolean":
      return "switch";
    case "array": {
      const items = asObject(schema.items);
      if (asList(items.enum).length > 0) return "choices";
      return items.type === "string" ? "list" : "json";
    }
    default:
      return "json";
  }
}

function wordsOf(name: string): string {
  const plain = name.replaceAll("_", " ").trim();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

export function fieldsOf(schema: JsonObject): Field[] {
  const required = new Set(asList(schema.required).map(String));
  return Object.entries(asObject(schema.properties)).map(([name, value]) => {
    const { types, inner } = typesOf(asObject(value));
    const kind = kindOf(name, types, inner);
    const options = asList(inner.enum).length > 0 ? asList(inner.enum) : asList(asObject(inner.items).enum);
    return {
      name,
      kind,
      label: wordsOf(name),
      hint: typeof inner.description === "string" ? inner.description : "",
      required: required.has(name),
      options: options.map((option) => ({ value: String(option), label: String(option) })),
      min: asNumber(inner.minimum),
      max: asNumber(inner.maximum),
      fallback: inner.default,
      types,
    };
  });
}

/** The form filled with these arguments. */
export function filledOf(fields: Field[], values: JsonObject): Filled {
  return Object.fromEntries(
    fields.map((field) => {
      const value = values[field.name] ?? field.fallback ?? undefined;
      const isText = field.kind === "json" || field.kind === "text" || field.kind === "lines";
      return [field.name, isText && value !== undefined && typeof value !== "string" ? JSON.stringify(value) : value];
    }),
  );
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function typeName(value: Json): string {
  if (Array.isArray(value)) return "array";
  return value === null ? "null" : typeof value;
}

function read(field: Field, value: Json): { value: Json } | { problem: "json" } {
  if (typeof value !== "string" || field.kind === "choice") return { value };
  if (field.types.length === 1 && field.types[0] === "string") return { value };
  try {
    const meant = JSON.parse(value) as Json;
    return field.types.length === 0 || field.types.includes(typeName(meant)) ? { value: meant } : { value };
  } catch {
    return field.kind === "json" ? { problem: "json" } : { value };
  }
}

export type Problem = "required" | "json";

/** The arguments that the filled form stands for, and what is wrong with which field. */
export function argumentsOf(fields: Field[], filled: Filled): { values: JsonObject; problems: Record<string, Problem> } {
  const values: JsonObject = {};
  const problems: Record<string, Problem> = {};
  for (const field of fields) {
    const value = filled[field.name];
    if (isEmpty(value)) {
      if (field.required) problems[field.name] = "required";
      continue;
    }
    const found = read(field, value as Json);
    if ("problem" in found) problems[field.name] = found.problem;
    else values[field.name] = found.value;
  }
  return { values, problems };
}

/** Whether an author has anything to set. */
export const hasSettings = (tool: Tool): boolean => fieldsOf(tool.config_schema).length > 0;

/** The configuration that the filled form stands for: what is as it is anyway stays out, and what no field shows stays. */
export function configOf(fields: Field[], filled: Filled, before: JsonObject): JsonObject {
  const shown = new Set(fields.map((field) => field.name));
  const kept = Object.entries(before).filter(([name]) => !shown.has(name));
  const usual = new Map(fields.map((field) => [field.name, JSON.stringify(field.fallback)]));
  const set = Object.entries(argumentsOf(fields, filled).values).filter(([name, value]) => JSON.stringify(value) !== usual.get(name));
  return Object.fromEntries([...kept, ...set]);
}

/** A text that is JSON of several parts, for a tree; anything else stays the text that it is. */
export function parsed(text: string): JsonObject | Json[] | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    const value = JSON.parse(text) as Json;
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
