/** From what was filled in to what is sent: defaults, numbers and JSON in their own type; what is still missing. */
import type { Json, JsonObject } from "@/shared/api/types";

export type Filled = Record<string, Json>;

export function startInputs(variables: readonly JsonObject[], filled: Filled): { inputs: Filled; missing: string[] } {
  const inputs: Filled = {};
  const missing: string[] = [];
  for (const variable of variables) {
    const name = String(variable.variable ?? "");
    const value = sent(variable, filled[name] ?? variable.default ?? "");
    if (value !== undefined) inputs[name] = value;
    else if (variable.required === true) missing.push(name);
  }
  return { inputs, missing };
}

function sent(variable: JsonObject, value: Json): Json | undefined {
  if (variable.type === "checkbox") return value === true;
  if (value === "" || value === null || (Array.isArray(value) && value.length === 0)) return undefined;
  if (variable.type !== "json_object" || typeof value !== "string") return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    return undefined;
  }
}
