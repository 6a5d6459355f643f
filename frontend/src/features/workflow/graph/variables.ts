/** What a node may read: the outputs of every node upstream of it with their types, and what the run provides. */
import type { Json, JsonObject } from "@/shared/api/types";
import { itemsOf } from "./handles";
import { FAIL_BRANCH, kindOf, nodeById, sourcesOf, titleOf, without, type Graph, type GraphNode, type Selector } from "./model";
import { varType } from "./varTypes";

/** A kind of node as the API describes it. */
export interface NodeType {
  kind: string;
  title: string;
  description: string;
  category?: string;
  icon?: string;
  config_schema: JsonObject;
  outputs: Record<string, string>;
}
export type NodeTypes = ReadonlyMap<string, NodeType>;

export interface Variable {
  selector: Selector;
  type: string;
  /** The node it comes from; "sys", "env" and "conversation" for what the run provides. */
  source: string;
  sourceTitle: string;
  kind: string;
}

/** A variable that the app declares beside its graph. */
export interface Declared {
  name: string;
  value_type: string;
  [key: string]: Json;
}

export interface Surroundings {
  types: NodeTypes;
  environment: Declared[];
  conversation: Declared[];
  chatflow: boolean;
}

const SYSTEM: [string, string, "always" | "chatflow"][] = [
  ["query", "string", "chatflow"],
  ["conversation_id", "string", "chatflow"],
  ["dialogue_count", "number", "chatflow"],
  ["files", "array[file]", "always"],
  ["user_id", "string", "always"],
  ["app_id", "string", "always"],
  ["workflow_id", "string", "always"],
  ["workflow_run_id", "string", "always"],
  ["timestamp", "number", "always"],
];

type Outputs = Record<string, string>;

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const object = (value: Json | undefined): JsonObject => (typeof value === "object" && value !== null && !Array.isArray(value) ? value : {});

/** The outputs that a node declares, as far as its configuration says them. */
export function outputsOf(graph: Graph, node: GraphNode, around: Surroundings): Outputs {
  const declared = configuredOutputs(graph, node, around) ?? around.types.get(kindOf(node))?.outputs ?? {};
  const handled = node.data.error_strategy === FAIL_BRANCH || node.data.error_strategy === "default-value";
  return handled ? { ...declared, error_message: "string", error_type: "string" } : declared;
}

function configuredOutputs(graph: Graph, node: GraphNode, around: Surroundings): Outputs | null {
  const { data } = node;
  const named = (items: Json | undefined, name: string, type: string, fallback = "string"): Outputs =>
    Object.fromEntries(itemsOf(items).map((item) => [text(item[name]), varType(text(item[type]) || fallback)] as const).filter(([key]) => key !== ""));
  switch (kindOf(node)) {
    case "start":
      return named(data.variables, "variable", "type");
    case "code":
      return Object.fromEntries(Object.entries(object(data.outputs)).map(([name, shape]) => [name, varType(text(object(shape).type) || "any")]));
    case "parameter-extractor":
      return { ...named(data.parameters, "name", "type"), __is_success: "number", __reason: "string" };
    case "llm":
      return llmOutputs(data.structured_output_enabled === true, object(data.structured_output), around.types.get("llm")?.outputs ?? {});
    case "variable-aggregator":
      return aggregatorOutputs(graph, node, around);
    case "list-operator": {
      const type = typeOf(graph, selectorOf(data.variable), around);
      const element = type.startsWith("array[") ? type.slice(6, -1) : "any";
      return { result: type.startsWith("array") ? type : "array[any]", first_record: element, last_record: element };
    }
    case "iteration": {
      const type = typeOf(graph, selectorOf(data.output_selector), around);
      return { output: type.startsWith("array") ? type : type === "any" ? "array[any]" : varType(`array[${type}]`) };
    }
    case "loop":
      return { ...named(data.loop_variables, "label", "var_type"), loop_round: "number" };
    case "human-input":
      return named(data.inputs, "output_variable_name", "type");
    default:
      return null;
  }
}

function llmOutputs(structured: boolean, shape: JsonObject, known: Outputs): Outputs {
  const plain: Outputs = without(known, "structured_output");
  if (!structured) return plain;
  const properties = object(object(shape.schema).properties);
  const fields = Object.entries(properties).map(([name, schema]) => [`structured_output.${name}`, varType(text(object(schema).type) || "any")]);
  return { ...plain, structured_output: "object", ...Object.fromEntries(fields) };
}

function aggregatorOutputs(graph: Graph, node: GraphNode, around: Surroundings): Outputs {
  const settings = object(node.data.advanced_settings);
  const typeFor = (declared: string, selectors: Json | undefined) =>
    declared && declared !== "any" ? varType(declared) : typeOf(graph, Array.isArray(selectors) ? selectorOf(selectors[0]) : [], around);
  if (settings.group_enabled !== true) return { output: typeFor(text(node.data.output_type), node.data.variables) };
  return Object.fromEntries(itemsOf(settings.groups).map((group) => [`${text(group.group_name)}.output`, typeFor(text(group.output_type), group.variables)]));
}

export function selectorOf(value: Json | undefined): Selector {
  return Array.isArray(value) ? value.filter((part): part is string => typeof part === "string") : [];
}

/** The type of what a selector names, "any" where nobody can say. */
export function typeOf(graph: Graph, selector: Selector, around: Surroundings, depth = 0): string {
  const [source = "", ...path] = selector;
  const field = path.join(".");
  if (source === "sys") return SYSTEM.find(([name]) => name === field)?.[1] ?? "any";
  if (source === "env") return varType(around.environment.find((each) => each.name === field)?.value_type ?? "any");
  if (source === "conversation") return varType(around.conversation.find((each) => each.name === field)?.value_type ?? "any");
  const node = nodeById(graph, source);
  if (!node || depth > 8) return "any";
  return outputsOf(graph, node, around)[field] ?? innerOutputs(graph, node, around)[field] ?? "any";
}

/** What a container's own nodes may read of it. */
function innerOutputs(graph: Graph, node: GraphNode, around: Surroundings): Outputs {
  if (kindOf(node) === "iteration") {
    const type = typeOf(graph, selectorOf(node.data.iterator_selector), around);
    return { item: type.startsWith("array[") ? type.slice(6, -1) : "any", index: "number" };
  }
  return kindOf(node) === "loop" ? outputsOf(graph, node, around) : {};
}

function variablesFrom(node: GraphNode, outputs: Outputs): Variable[] {
  return Object.entries(outputs).map(([field, type]) => ({
    selector: [node.id, ...field.split(".")],
    type,
    source: node.id,
    sourceTitle: titleOf(node),
    kind: kindOf(node),
  }));
}

/** The ids of all nodes that come before one, its containers' too, nearest first. */
export function upstreamIds(graph: Graph, id: string): string[] {
  const found: string[] = [];
  const seen = new Set([id]);
  const left = [id];
  for (let at = left.shift(); at !== undefined; at = left.shift()) {
    for (const source of sourcesOf(graph, at)) {
      if (seen.has(source)) continue;
      seen.add(source);
      found.push(source);
      left.push(source);
    }
  }
  const parent = nodeById(graph, id)?.parentId;
  return parent ? [...found, ...upstreamIds(graph, parent).filter((each) => !seen.has(each))] : found;
}

export function upstreamVariables(graph: Graph, id: string, around: Surroundings): Variable[] {
  const nodes = upstreamIds(graph, id).flatMap((each) => nodeById(graph, each) ?? []);
  const containers: Variable[] = [];
  for (let parent = nodeById(graph, id)?.parentId; parent; parent = nodeById(graph, parent)?.parentId) {
    const container = nodeById(graph, parent);
    if (container) containers.push(...variablesFrom(container, innerOutputs(graph, container, around)));
  }
  return [...containers, ...nodes.flatMap((node) => variablesFrom(node, outputsOf(graph, node, around))), ...provided(around)];
}

/** What a container may take out of its own nodes. */
export function innerVariables(graph: Graph, id: string, around: Surroundings): Variable[] {
  return graph.nodes.filter((node) => node.parentId === id).flatMap((node) => variablesFrom(node, outputsOf(graph, node, around)));
}

function provided(around: Surroundings): Variable[] {
  const of = (source: string, names: [string, string][]): Variable[] =>
    names.map(([name, type]) => ({ selector: [source, name], type, source, sourceTitle: source, kind: source }));
  const system = SYSTEM.filter(([, , when]) => when === "always" || around.chatflow);
  return [
    ...of("conversation", around.conversation.map((each) => [each.name, varType(each.value_type)])),
    ...of("env", around.environment.map((each) => [each.name, varType(each.value_type)])),
    ...of("sys", system.map(([name, type]) => [name, type])),
  ];
}
