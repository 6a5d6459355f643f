/** References inside a node's data: `{{#node.field#}}` in texts, and lists that name a value: `["node", "field"]`. */
import type { Json } from "@/shared/api/types";
import type { Graph, NodeData, Selector } from "./model";

const REFERENCE = /\{\{\s*#\s*([^#{}]+?)\s*#\s*\}\}/g;
/** Lists of texts under these keys are words of their own, whatever they look like. */
const WORDS = new Set(["options", "stop", "dataset_ids", "suggested_questions", "allowed_file_types", "allowed_file_extensions", "allowed_file_upload_methods", "enum", "required"]);
/** Keys that hold a node's id on its own. */
const NODE_KEYS = new Set(["start_node_id", "iteration_id", "loop_id"]);

export const referenceText = (selector: Selector): string => `{{#${selector.join(".")}#}}`;

type Rewrite = (selector: Selector) => Selector;

function isSelector(value: Json[], key: string): value is string[] {
  return value.length >= 2 && !WORDS.has(key) && value.every((part) => typeof part === "string");
}

function rewriteValue(value: Json, key: string, rewrite: Rewrite, ids: ReadonlyMap<string, string>): Json {
  if (typeof value === "string") {
    if (NODE_KEYS.has(key)) return ids.get(value) ?? value;
    if (!value.includes("{{")) return value;
    return value.replaceAll(REFERENCE, (whole, inner: string) => {
      const before = inner.split(".");
      const after = rewrite(before);
      return after === before ? whole : referenceText(after);
    });
  }
  if (Array.isArray(value)) {
    if (isSelector(value, key)) return rewrite(value);
    return value.map((item) => rewriteValue(item, key, rewrite, ids));
  }
  if (typeof value === "object" && value !== null) return rewriteObject(value, rewrite, ids);
  return value;
}

function rewriteObject<T extends { [key: string]: Json | undefined }>(value: T, rewrite: Rewrite, ids: ReadonlyMap<string, string>): T {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, item === undefined ? item : rewriteValue(item, key, rewrite, ids)]),
  ) as T;
}

/** Lets every reference follow nodes that have new ids. */
export function renameInData(data: NodeData, ids: ReadonlyMap<string, string>): NodeData {
  const rewrite: Rewrite = (selector) => {
    const next = ids.get(selector[0] ?? "");
    return next === undefined ? selector : [next, ...selector.slice(1)];
  };
  return rewriteObject(data, rewrite, ids);
}

export function renameNodeReferences(graph: Graph, ids: ReadonlyMap<string, string>): Graph {
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, data: renameInData(node.data, ids) })) };
}

/** Lets every reference follow an output that has a new name. `source` is a node's id, "env" or "conversation". */
export function renameField(graph: Graph, source: string, from: string, to: string): Graph {
  if (from === to || from === "" || to === "") return graph;
  const rewrite: Rewrite = (selector) => (selector[0] === source && selector[1] === from ? [source, to, ...selector.slice(2)] : selector);
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, data: rewriteObject(node.data, rewrite, new Map()) })) };
}

export interface Reference {
  selector: Selector;
  /** Whether it can be nothing else: it stands in a template, or under a key that says so. */
  sure: boolean;
}

/** Every reference of a node, each once. */
export function referencesOf(data: NodeData): Reference[] {
  const found = new Map<string, Reference>();
  const note = (selector: Selector, sure: boolean) => {
    const key = selector.join(".");
    found.set(key, { selector, sure: sure || found.get(key)?.sure === true });
  };
  const walk = (value: Json | undefined, key: string) => {
    if (typeof value === "string") for (const match of value.matchAll(REFERENCE)) note((match[1] ?? "").split("."), true);
    else if (Array.isArray(value)) {
      if (isSelector(value, key)) note(value, key.endsWith("_selector"));
      else for (const item of value) walk(item, key);
    } else if (typeof value === "object" && value !== null) for (const [name, item] of Object.entries(value)) walk(item, name);
  };
  for (const [key, value] of Object.entries(data)) walk(value, key);
  return [...found.values()];
}
