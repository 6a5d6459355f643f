/** The text of a JSON schema as it is edited, and an answer that is JSON. Knows no React. */
import type { Json, JsonObject } from "@/shared/api/types";

export const EXAMPLE_SCHEMA: JsonObject = {
  type: "object",
  properties: {
    summary: { type: "string", maxLength: 200 },
    sentiment: { enum: ["positive", "neutral", "negative"] },
    topics: { type: "array", items: { type: "string", maxLength: 40 }, maxItems: 5 },
  },
  required: ["summary", "sentiment", "topics"],
  additionalProperties: false,
};

export type SchemaText = { ok: true; schema: JsonObject } | { ok: false; reason: "notJson" | "notObject"; detail: string };

export const schemaText = (schema: JsonObject): string => JSON.stringify(schema, null, 2);

/** What the text says; an empty text is the schema of any JSON object. */
export function parseSchema(text: string): SchemaText {
  if (text.trim() === "") return { ok: true, schema: {} };
  try {
    const value = JSON.parse(text) as Json;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return { ok: false, reason: "notObject", detail: "" };
    return { ok: true, schema: value };
  } catch (problem) {
    return { ok: false, reason: "notJson", detail: problem instanceof Error ? problem.message : "" };
  }
}

/** A whole answer as JSON, when it is an object or a list; everything else is read as words. */
export function jsonAnswer(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
