/** Small graphs and kinds for the tests of this folder. */
import type { JsonObject } from "@/shared/api/types";
import { connect } from "./edit";
import type { Graph, GraphNode, NodeData } from "./model";
import type { NodeType, Surroundings } from "./variables";

export function node(id: string, kind: string, data: NodeData = {}, parentId?: string): GraphNode {
  return { id, type: "custom", position: { x: 0, y: 0 }, data: { type: kind, title: id, ...data }, ...(parentId ? { parentId } : {}) };
}

/** Edges as "a>b", or "a:handle>b". */
export function graph(nodes: GraphNode[], ...edges: string[]): Graph {
  return edges.reduce((now: Graph, edge) => {
    const [from = "", target = ""] = edge.split(">");
    const [source = "", sourceHandle = "source"] = from.split(":");
    return connect(now, { source, sourceHandle, target });
  }, { nodes, edges: [] });
}

const KINDS: [string, Record<string, string>, string[]][] = [
  ["start", {}, []],
  ["llm", { text: "string", usage: "object", structured_output: "object" }, ["model"]],
  ["end", {}, []],
  ["answer", { answer: "string" }, []],
  ["code", {}, ["code"]],
  ["if-else", { result: "boolean", selected_case_id: "string" }, []],
  ["iteration", { output: "array[any]" }, ["iterator_selector", "output_selector"]],
  ["iteration-start", {}, []],
  ["workflow", {}, []],
];

function schemaOf(name: string): JsonObject {
  if (name === "model") return { $ref: "#/$defs/Model" };
  return name.endsWith("_selector") ? { type: "array", minItems: 2 } : { type: "string", minLength: 1 };
}

export function around(change: Partial<Surroundings> = {}): Surroundings {
  const types = new Map(
    KINDS.map(([kind, outputs, required]): [string, NodeType] => {
      const properties = Object.fromEntries(required.map((name): [string, JsonObject] => [name, schemaOf(name)]));
      const model = { type: "object", properties: { id: { type: "string", minLength: 1 } }, required: ["id"] };
      return [kind, { kind, title: kind, description: "", outputs, config_schema: { properties, required, $defs: { Model: model } } }];
    }),
  );
  return { types, environment: [], conversation: [], chatflow: false, ...change };
}
