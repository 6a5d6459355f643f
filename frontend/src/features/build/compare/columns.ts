/** The columns of a comparison: what differs in each from the draft, and how that stands in the address. Knows no React. */
import type { Draft, Json, Variable, Version } from "@/shared/api/types";
import type { RunRequest } from "@/shared/sse/runStream";

export const MAX_COLUMNS = 4;
const KEYS = ["A", "B", "C", "D"] as const;
const MARK = "#compare=";

export type ColumnKey = (typeof KEYS)[number];

export interface Column {
  key: ColumnKey;
  /** "draft", or the number of a published version. */
  base: "draft" | number;
  model?: string;
  parameters?: Record<string, Json>;
  prompt?: string;
  /** What it has answered: a conversation, or the run of an app without one. */
  conversation?: string;
  run?: string;
}

/** Two columns to begin with: the draft beside the live version, or beside itself until something is changed there. */
export function firstColumns(published: number | null): Column[] {
  return [
    { key: "A", base: "draft" },
    { key: "B", base: published ?? "draft" },
  ];
}

export function withColumn(columns: Column[]): Column[] {
  const key = KEYS.find((each) => !columns.some((column) => column.key === each));
  return key ? [...columns, { key, base: "draft" }] : columns;
}

export function withoutColumn(columns: Column[], key: ColumnKey): Column[] {
  return columns.length > 2 ? columns.filter((column) => column.key !== key) : columns;
}

export const writeColumns = (columns: Column[]): string => MARK + encodeURIComponent(JSON.stringify(columns));

/** What the address says; null where it names no comparison, or one that makes no sense. */
export function readColumns(hash: string): Column[] | null {
  if (!hash.startsWith(MARK)) return null;
  try {
    const value: unknown = JSON.parse(decodeURIComponent(hash.slice(MARK.length)));
    if (!Array.isArray(value)) return null;
    const columns = value.slice(0, MAX_COLUMNS).map(readColumn).filter((column) => column !== null);
    const keys = new Set(columns.map((column) => column.key));
    return columns.length >= 2 && keys.size === columns.length ? columns : null;
  } catch {
    return null;
  }
}

function readColumn(value: unknown): Column | null {
  if (typeof value !== "object" || value === null) return null;
  const { key, base, model, parameters, prompt, conversation, run } = value as Record<string, unknown>;
  if (!KEYS.includes(key as ColumnKey)) return null;
  const column: Column = { key: key as ColumnKey, base: typeof base === "number" && Number.isInteger(base) && base > 0 ? base : "draft" };
  if (typeof model === "string") column.model = model;
  if (typeof parameters === "object" && parameters !== null && !Array.isArray(parameters)) column.parameters = parameters as Record<string, Json>;
  if (typeof prompt === "string") column.prompt = prompt;
  if (typeof conversation === "string") column.conversation = conversation;
  if (typeof run === "string") column.run = run;
  return column;
}

/** The draft or the version that a column starts from; null while a version is not loaded, or is gone. */
export function baseOf(column: Column, draft: Draft, versions: Version[]): Draft | null {
  if (column.base === "draft") return draft;
  return versions.find((version) => version.number === column.base)?.config ?? null;
}

/** What all of them ask for, each name once, as the first that has it says it. */
export function variablesOf(bases: (Draft | null)[]): Variable[] {
  const all = bases.flatMap((base) => base?.variables ?? []);
  return all.filter((variable, at) => all.findIndex((other) => other.name === variable.name) === at);
}

/** What the column runs: its base with its own model, parameters and prompt. */
export function variantOf(column: Column, base: Draft): Draft {
  return {
    ...base,
    model: { id: column.model ?? base.model.id, parameters: { ...base.model.parameters, ...column.parameters } },
    prompt: column.prompt ?? base.prompt,
  };
}

export const isChanged = (column: Column): boolean => column.model !== undefined || column.prompt !== undefined || Object.keys(column.parameters ?? {}).length > 0;

/** What a run of the column says beside the question: nothing for the draft as it stands. */
export function requestOf(column: Column, base: Draft): Pick<RunRequest, "version" | "overrides"> {
  const { model, prompt } = variantOf(column, base);
  const overrides: Partial<Draft> = {};
  if (column.model !== undefined || Object.keys(column.parameters ?? {}).length > 0) overrides.model = model;
  if (column.prompt !== undefined) overrides.prompt = prompt;
  return {
    ...(column.base === "draft" ? {} : { version: column.base }),
    ...(Object.keys(overrides).length > 0 ? { overrides } : {}),
  };
}

/** The column with one parameter of its own, or again with that of its base. */
export function withParameter(column: Column, name: string, value: Json | undefined): Column {
  const rest = Object.fromEntries(Object.entries(column.parameters ?? {}).filter(([key]) => key !== name));
  const parameters = value === undefined ? rest : { ...rest, [name]: value };
  return { ...column, parameters: Object.keys(parameters).length > 0 ? parameters : undefined };
}
