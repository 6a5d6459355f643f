/** Prompts of the workspace as the API tells of them. */
import type { components } from "@/shared/api/schema";

type Schemas = components["schemas"];

/** `version` is the number of the newest one; null before the first. */
export type PromptSummary = Schemas["Prompt"];
export type PromptDetail = Schemas["PromptDetail"];
export type PromptVersion = Schemas["PromptVersion"];
