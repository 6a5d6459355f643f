/** What is wrong with a graph as far as the page can tell at once; the server's own check has the last word. */
import type { Json, JsonObject } from "@/shared/api/types";
import { handlesOf, hasInput, isEntry } from "./handles";
import { isInnerStart, isNote, kindOf, nodeById, without, type Graph, type GraphNode } from "./model";
import { referencesOf } from "./references";
import { innerVariables, upstreamIds, upstreamVariables, type Surroundings } from "./variables";

export type ProblemCode = "no_start" | "two_starts" | "no_end" | "not_reached" | "unknown_kind" | "missing_field" | "unknown_reference" | "empty_container" | "unconnected_branch" | "no_dataset" | "server";

export interface Problem {
  /** Empty for what concerns the whole graph. */
  nodeId: string;
  code: ProblemCode;
  /** The field, the reference or the server's own words. */
  detail: string;
  /** Hints never keep anybody from publishing. */
  severity: "error" | "hint";
}

const PROVIDED = new Set(["sys", "env", "conversation"]);

export function problemsOf(graph: Graph, around: Surroundings): Problem[] {
  const nodes = graph.nodes.filter((node) => !isNote(node) && !isInnerStart(node));
  if (nodes.length === 0) return [];
  return [...wholeGraph(nodes, around.chatflow), ...nodes.flatMap((node) => ofNode(graph, node, around))];
}

function wholeGraph(nodes: GraphNode[], chatflow: boolean): Problem[] {
  const found: Problem[] = [];
  const entries = nodes.filter((node) => !node.parentId && isEntry(node));
  if (entries.length === 0) found.push({ nodeId: "", code: "no_start", detail: "", severity: "error" });
  for (const second of entries.filter((node) => kindOf(node) === "start").slice(1)) {
    found.push({ nodeId: second.id, code: "two_starts", detail: "", severity: "error" });
  }
  const last = chatflow ? ["answer", "end"] : ["end", "answer"];
  if (!nodes.some((node) => last.includes(kindOf(node)))) found.push({ nodeId: "", code: "no_end", detail: "", severity: "hint" });
  return found;
}

function ofNode(graph: Graph, node: GraphNode, around: Surroundings): Problem[] {
  const error = (code: ProblemCode, detail: string): Problem => ({ nodeId: node.id, code, detail, severity: "error" });
  const hint = (code: ProblemCode, detail: string): Problem => ({ nodeId: node.id, code, detail, severity: "hint" });
  const type = around.types.get(kindOf(node));
  if (!type) return around.types.size > 0 ? [error("unknown_kind", kindOf(node))] : [];
  const found = missingFields(type.config_schema, node.data).map((field) => error("missing_field", field));
  found.push(...lostReferences(graph, node, around).map((reference) => error("unknown_reference", reference)));
  if (hasInput(node) && !graph.edges.some((edge) => edge.target === node.id)) found.push(hint("not_reached", ""));
  if (["iteration", "loop"].includes(kindOf(node)) && !graph.nodes.some((each) => each.parentId === node.id && !isInnerStart(each))) {
    found.push(error("empty_container", ""));
  }
  if (kindOf(node) === "knowledge-retrieval" && (!Array.isArray(node.data.dataset_ids) || node.data.dataset_ids.length === 0)) found.push(hint("no_dataset", ""));
  const branches = handlesOf(node).filter((handle) => handle.role === "class" || handle.role === "action" || handle.role === "fail");
  for (const handle of branches) {
    if (!graph.edges.some((edge) => edge.source === node.id && edge.sourceHandle === handle.id)) found.push(hint("unconnected_branch", handle.label || handle.id));
  }
  return found;
}

/** References to what is neither upstream nor provided. What a node says of itself counts, and what it takes out of its inside. */
function lostReferences(graph: Graph, node: GraphNode, around: Surroundings): string[] {
  const readable = [...upstreamVariables(graph, node.id, around), ...innerVariables(graph, node.id, around)];
  const known = new Set(readable.map((variable) => variable.selector.slice(0, 2).join(".")));
  const sources = new Set(readable.map((variable) => variable.source));
  const upstream = new Set(upstreamIds(graph, node.id));
  const lost = referencesOf(node.data).filter(({ selector: [source = "", field = ""], sure }) => {
    if (source === "context" || source === "sys" || source === node.id || field === "sys" || field.startsWith("sys.")) return false;
    if (known.has(`${source}.${field}`)) return false;
    // A list of plain words is no reference: only what names a node or a room of variables can be lost.
    if (!sure && !PROVIDED.has(source) && !nodeById(graph, source)) return false;
    // Nobody knows the outputs of some kinds before they run.
    return !(upstream.has(source) && !sources.has(source));
  });
  return lost.map(({ selector }) => selector.join("."));
}

/** Required keys of the schema that the data lacks, with dotted names for what is nested. */
export function missingFields(schema: JsonObject, data: { [key: string]: Json | undefined }, root: JsonObject = schema): string[] {
  const properties = asObject(schema.properties);
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  return Object.keys(properties).flatMap((name) => {
    const value = data[name];
    const shape = resolved(asObject(properties[name]), root);
    if (value === undefined || value === null || value === "" || (Array.isArray(value) && value.length < Number(shape.minItems ?? 0))) {
      return required.includes(name) || Array.isArray(value) ? [name] : [];
    }
    const nested = asObject(value);
    if (shape.type === "string" && Number(shape.minLength ?? 0) > String(value).length) return [name];
    return shape.properties && Object.keys(nested).length > 0 ? missingFields(shape, nested, root).map((inner) => `${name}.${inner}`) : requiredInside(name, shape, nested, value);
  });
}

function requiredInside(name: string, shape: JsonObject, nested: JsonObject, value: Json): string[] {
  const inside = Array.isArray(shape.required) ? shape.required.map(String) : [];
  return shape.properties && typeof value === "object" && Object.keys(nested).length === 0 && inside.length > 0 ? inside.map((inner) => `${name}.${inner}`) : [];
}

function asObject(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** Follows `$ref` and takes the one shape beside null. */
export function resolved(schema: JsonObject, root: JsonObject): JsonObject {
  if (typeof schema.$ref === "string") {
    const { $ref, ...beside } = schema;
    return { ...resolved(asObject(asObject(root.$defs)[$ref.replace("#/$defs/", "")]), root), ...beside };
  }
  const choices = (Array.isArray(schema.anyOf) ? schema.anyOf : []).map((each) => asObject(each)).filter((each) => each.type !== "null");
  const [only, ...more] = choices;
  if (!only || more.length > 0) return schema;
  return { ...without(schema, "anyOf"), ...resolved(only, root) };
}
