/** What every widget of the inspector is given, and small readers of JSON. */
import type { Json, JsonObject } from "@/shared/api/types";
import type { GraphNode } from "../graph/model";

export interface FieldProps {
  node: GraphNode;
  /** The key in the node's data. */
  name: string;
  label: string;
  value: Json | undefined;
  schema: JsonObject;
  onChange: (value: Json | undefined) => void;
  /** Sets other keys of the node along with this one. */
  onPatch: (change: Record<string, Json | undefined>) => void;
  /** Lets every reference follow an output of this node that has a new name. */
  onRename: (from: string, to: string) => void;
}

export const asText = (value: Json | undefined): string => (typeof value === "string" ? value : typeof value === "number" ? String(value) : "");
export const asObject = (value: Json | undefined): JsonObject => (typeof value === "object" && value !== null && !Array.isArray(value) ? value : {});
export const asList = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : []);

/** A constant or a template as text; a variable as a reference to it. */
export function inputText(input: Json | undefined): string {
  const { type, value } = asObject(input);
  if (type === "variable" && Array.isArray(value)) return `{{#${value.join(".")}#}}`;
  return typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
}
