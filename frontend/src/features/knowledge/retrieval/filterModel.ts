/** Conditions on metadata as a person fills them in, and as they are sent. */
import type { FieldType } from "@/shared/api/knowledgeTypes";
import type { FilterCondition, MetadataFilter } from "@/shared/api/retrievalTypes";

export interface Row {
  field: string;
  operator: string;
  /** As typed; several values are divided by commas, a time is a date of a date input. */
  value: string;
}

export interface FilterForm {
  logic: "and" | "or";
  rows: Row[];
}

export const NO_FILTER: FilterForm = { logic: "and", rows: [] };

const WITHOUT_VALUE = ["empty", "not empty"];
const WITH_LIST = ["in", "not in"];

export const OPERATORS: Record<FieldType, readonly string[]> = {
  string: ["is", "is not", "contains", "not contains", "starts with", "ends with", "in", "not in", "empty", "not empty"],
  number: ["=", "≠", ">", "<", "≥", "≤", "empty", "not empty"],
  time: ["is", "before", "after", "empty", "not empty"],
};

export const needsValue = (operator: string): boolean => !WITHOUT_VALUE.includes(operator);
export const takesList = (operator: string): boolean => WITH_LIST.includes(operator);

/** Seconds since 1970 of a local date, or null. */
export function secondsOf(date: string): number | null {
  const ms = new Date(date.length === 10 ? `${date}T00:00` : date).getTime();
  return Number.isNaN(ms) ? null : Math.floor(ms / 1_000);
}

/** The value of a date input for seconds since 1970. */
export function dateOf(seconds: number): string {
  const date = new Date(seconds * 1_000);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function conditionOf({ field, operator, value }: Row, type: FieldType): FilterCondition | null {
  if (!field || !operator) return null;
  if (!needsValue(operator)) return { field, operator, value: null };
  if (value.trim() === "") return null;
  if (takesList(operator)) {
    const parts = value.split(",").map((part) => part.trim()).filter(Boolean);
    return parts.length > 0 ? { field, operator, value: parts } : null;
  }
  if (type === "string") return { field, operator, value };
  const number = type === "time" ? secondsOf(value) : Number(value);
  return number === null || Number.isNaN(number) ? null : { field, operator, value: number };
}

/** What is sent: only complete conditions; null where there is none. */
export function filterOf(form: FilterForm, types: Record<string, FieldType>): MetadataFilter | null {
  const conditions = form.rows.map((row) => conditionOf(row, types[row.field] ?? "string")).filter((each) => each !== null);
  return conditions.length > 0 ? { logic: form.logic, conditions } : null;
}

/** A row whose field changed keeps its operator and value only where the new type knows them. */
export function withField(row: Row, field: string, types: Record<string, FieldType>): Row {
  const before = types[row.field];
  const type = types[field] ?? "string";
  if (before === type) return { ...row, field };
  const known = OPERATORS[type];
  return { field, operator: known.includes(row.operator) ? row.operator : (known[0] ?? ""), value: "" };
}

/** The form in an address, and back; what cannot be read is no filter. */
export function encodeFilter(form: FilterForm): string {
  return form.rows.length === 0 ? "" : JSON.stringify([form.logic, ...form.rows.map((row) => [row.field, row.operator, row.value])]);
}

export function decodeFilter(text: string | null): FilterForm {
  try {
    const [logic, ...rows] = JSON.parse(text ?? "") as unknown[];
    const read = rows.filter((row): row is [string, string, string] => Array.isArray(row) && row.length === 3 && row.every((part) => typeof part === "string"));
    return { logic: logic === "or" ? "or" : "and", rows: read.map(([field, operator, value]) => ({ field, operator, value })) };
  } catch {
    return NO_FILTER;
  }
}
