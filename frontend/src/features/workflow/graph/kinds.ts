/** How kinds of nodes look and where the palette offers them; what a node's one line says. */
import type { Json } from "@/shared/api/types";
import { itemsOf } from "./handles";
import { kindOf, type Graph, type GraphNode } from "./model";
import { titleOf, nodeById } from "./model";
import { selectorOf } from "./variables";

export const CATEGORIES = ["model", "knowledge", "logic", "data", "tools", "flow"] as const;
export type Category = (typeof CATEGORIES)[number];

const CATEGORY_OF: Readonly<Record<string, Category>> = {
  llm: "model",
  agent: "model",
  "question-classifier": "model",
  "parameter-extractor": "model",
  "knowledge-retrieval": "knowledge",
  "document-extractor": "knowledge",
  "if-else": "logic",
  iteration: "logic",
  loop: "logic",
  "loop-end": "logic",
  code: "data",
  "template-transform": "data",
  "variable-aggregator": "data",
  assigner: "data",
  "list-operator": "data",
  "http-request": "tools",
  tool: "tools",
  workflow: "tools",
  start: "flow",
  end: "flow",
  answer: "flow",
  "human-input": "flow",
};

export const categoryOf = (kind: string): Category => CATEGORY_OF[kind] ?? (kind.startsWith("trigger-") ? "flow" : "tools");

/** Kinds that no one drags in: the fixed first nodes of containers. */
const HIDDEN = new Set(["iteration-start", "loop-start"]);

/** Whether the palette offers a kind here. */
export function isOffered(kind: string, graph: Graph, chatflow: boolean, parentKind = ""): boolean {
  if (HIDDEN.has(kind)) return false;
  if (kind === "start") return parentKind === "" && !graph.nodes.some((node) => kindOf(node) === "start");
  if (kind === "loop-end") return parentKind === "loop";
  if (kind === "end") return parentKind === "" && !chatflow;
  if (kind === "answer") return chatflow;
  return true;
}

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

export interface Names {
  dataset: (id: string) => string;
  model: (id: string) => string;
  app: (id: string) => string;
  tool: (name: string) => string;
}

/** What a node works with, in one line: its model, its datasets, its address. Words of the catalogue stay outside. */
export function targetOf(graph: Graph, node: GraphNode, names: Names): string {
  const { data } = node;
  const object = (value: Json | undefined) => (typeof value === "object" && value !== null && !Array.isArray(value) ? value : {});
  const readable = (value: Json | undefined) => {
    const [source = "", ...path] = selectorOf(value);
    const from = nodeById(graph, source);
    return source ? [from ? titleOf(from) : source, ...path].join(" › ") : "";
  };
  switch (kindOf(node)) {
    case "llm":
    case "agent":
    case "question-classifier":
    case "parameter-extractor": {
      const model = object(data.model);
      return names.model(text(model.id) || text(model.name));
    }
    case "knowledge-retrieval":
      return selectorOf(data.dataset_ids).map(names.dataset).join(", ");
    case "start":
      return itemsOf(data.variables).map((each) => text(each.variable)).join(", ");
    case "end":
      return itemsOf(data.outputs).map((each) => text(each.variable)).join(", ");
    case "http-request":
      return [text(data.method).toUpperCase(), text(data.url)].filter(Boolean).join(" ");
    case "tool":
      return names.tool(text(data.tool_name)) || text(data.tool_label);
    case "workflow":
      return names.app(text(data.app_id));
    case "code":
      return text(data.code_language) === "javascript" ? "JavaScript" : "Python";
    case "iteration":
      return readable(data.iterator_selector);
    case "list-operator":
      return readable(data.variable);
    case "document-extractor":
      return readable(data.variable_selector);
    case "answer":
      return text(data.answer).replaceAll(/\{\{\s*#([^#{}]+)#\s*\}\}/g, (_whole, inner: string) => readable(inner.split("."))).slice(0, 120);
    default:
      return "";
  }
}
