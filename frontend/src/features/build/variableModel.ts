/** A new variable, and what is wrong with one. Knows no React. */
import type { Json, Variable, VariableType } from "@/shared/api/types";

export const TYPES: VariableType[] = ["text", "paragraph", "select", "number", "checkbox", "file", "file-list"];

/** The server takes no more. */
export const MAX_FILES = 10;

export const isFileType = (type: VariableType): boolean => type === "file" || type === "file-list";

export function blankVariable(name: string): Variable {
  return { name, label: "", type: "text", required: false, default: "", options: [], max_length: null };
}

/** A free name for a new variable. */
export function nextName(variables: Variable[]): string {
  let number = variables.length + 1;
  while (variables.some((variable) => variable.name === `variable_${number}`)) number += 1;
  return `variable_${number}`;
}

/** Another type takes no default of the old one, nor its limits. */
export function retyped(variable: Variable, type: VariableType): Variable {
  const isText = type === "text" || type === "paragraph";
  const keeps = isText && (variable.type === "text" || variable.type === "paragraph");
  const fallback: Json = type === "checkbox" ? false : type === "number" ? null : "";
  return {
    ...variable,
    type,
    default: keeps ? variable.default : fallback,
    max_length: isText ? variable.max_length : null,
    required: type === "checkbox" ? false : variable.required,
  };
}
