/** Which widget shows which key of which kind; what is not here is made from its schema. */
import type { ComponentType } from "react";
import { BreakConditions, Cases } from "./ConditionsField";
import type { FieldProps } from "./field";
import { AddressField, AuthorisationField, BodyField, KeyValueField } from "./httpFields";
import { Assignments, Classes, CodeOutputs, EndOutputs, InputVariables, LoopVariables, Parameters } from "./listFields";
import { DatasetsField, MemoryField, ModelField, PromptField, StructuredOutput, SwitchedVariable } from "./modelFields";
import { ReadField } from "./ReadField";
import { StartVariables } from "./StartVariables";
import { AgentTools, ToolField } from "./toolFields";
import { AppField, CodeField, JinjaField, MergedGroups, MergedVariables } from "./workFields";

type Widget = ComponentType<FieldProps>;

const ANY: Readonly<Record<string, Widget>> = {
  model: ModelField,
  prompt_template: PromptField,
  memory: MemoryField,
  context: SwitchedVariable,
  vision: SwitchedVariable,
  structured_output: StructuredOutput,
  dataset_ids: DatasetsField,
  query_variable_selector: ReadField,
  query_attachment_selector: ReadField,
  variable_selector: ReadField,
  iterator_selector: ReadField,
  output_selector: ReadField,
  query: ReadField,
};

const OF_KIND: Readonly<Record<string, Widget>> = {
  "start.variables": StartVariables,
  "end.outputs": EndOutputs,
  "if-else.cases": Cases,
  "question-classifier.classes": Classes,
  "parameter-extractor.parameters": Parameters,
  "code.code": CodeField,
  "code.variables": InputVariables,
  "code.outputs": CodeOutputs,
  "template-transform.template": JinjaField,
  "template-transform.variables": InputVariables,
  "variable-aggregator.variables": MergedVariables,
  "variable-aggregator.advanced_settings": MergedGroups,
  "assigner.items": Assignments,
  "list-operator.variable": ReadField,
  "loop.loop_variables": LoopVariables,
  "loop.break_conditions": BreakConditions,
  "http-request.url": AddressField,
  "http-request.headers": KeyValueField,
  "http-request.params": KeyValueField,
  "http-request.body": BodyField,
  "http-request.authorization": AuthorisationField,
  "tool.tool_name": ToolField,
  "agent.tools": AgentTools,
  "workflow.app_id": AppField,
};

export const widgetFor = (kind: string, key: string): Widget | undefined => OF_KIND[`${kind}.${key}`] ?? ANY[key];

/** Keys that another key's widget writes, or that nobody sets by hand. */
const HIDDEN: Readonly<Record<string, readonly string[]>> = {
  "*": ["structured_output_enabled", "start_node_id", "error_strategy", "default_value", "retry_config", "prompt_config", "version", "var_type", "iterator_input_type", "is_array_file"],
  "if-else": ["logical_operator", "conditions"],
  loop: ["logical_operator"],
  iteration: ["output_type"],
  code: ["code_language", "dependencies"],
  "http-request": ["method"],
  "variable-aggregator": ["output_type"],
  tool: ["provider_type", "provider_id", "provider_name", "tool_parameters", "tool_configurations"],
  workflow: ["inputs"],
};

/** Few change these: they stand behind a fold. */
const RARE: ReadonlySet<string> = new Set(["timeout_s", "max_string_chars", "max_array_items", "tool_timeout_s", "reasoning_format", "ssl_verify", "timeout", "vision", "memory", "examples", "query_attachment_selector", "metadata_filtering_mode", "metadata_filtering_conditions", "metadata_model_config", "multiple_retrieval_config", "single_retrieval_config", "retrieval_mode", "parallel_nums", "flatten_output"]);
const FIRST = ["model", "tool_name", "app_id", "dataset_ids", "url", "iterator_selector", "variable", "variables", "query_variable_selector", "query", "prompt_template", "classes", "parameters", "cases", "code", "template", "answer", "outputs", "instruction", "output_selector"];

export function fieldsOf(kind: string, properties: readonly string[]): { plain: string[]; rare: string[] } {
  const hidden = new Set([...(HIDDEN["*"] ?? []), ...(HIDDEN[kind] ?? [])]);
  const rank = (key: string) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length);
  const shown = properties.filter((key) => !hidden.has(key)).sort((a, b) => rank(a) - rank(b));
  return { plain: shown.filter((key) => !RARE.has(key)), rare: shown.filter((key) => RARE.has(key)) };
}
