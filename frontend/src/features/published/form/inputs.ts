/** From what was filled in to what is sent: defaults, ticks, JSON and files in their own type; what is still missing. */
import type { Json } from "@/shared/api/types";
import type { SiteVariable } from "@/shared/site/types";

export type Filled = Record<string, Json>;

export function sentInputs(variables: readonly SiteVariable[], filled: Filled): Filled {
  const entries = variables.map((variable) => [variable.name, sent(variable, filled[variable.name] ?? variable.default ?? "")] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

export function missingInputs(variables: readonly SiteVariable[], filled: Filled): SiteVariable[] {
  const inputs = sentInputs(variables, filled);
  return variables.filter((variable) => variable.required && inputs[variable.name] === undefined);
}

function sent(variable: SiteVariable, value: Json): Json | undefined {
  if (variable.type === "checkbox") return value === true;
  if (value === "" || value === null || (Array.isArray(value) && value.length === 0)) return undefined;
  if (variable.type === "file") return idOf(value);
  if (variable.type === "file-list") return Array.isArray(value) ? value.map(idOf) : undefined;
  if (variable.type !== "json_object" || typeof value !== "string") return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return undefined;
  }
}

const idOf = (value: Json): Json => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value.id ?? "") : value);
