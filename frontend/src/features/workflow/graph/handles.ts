/** The ways out of a node: one for most, one for each case, class or action where it branches. */
import type { Json } from "@/shared/api/types";
import { FAIL_BRANCH, kindOf, SOURCE, type GraphNode, type NodeData } from "./model";

export interface Handle {
  id: string;
  /** What the branch is called by the person who made it; empty where the kind's own words say it. */
  label: string;
  role: "out" | "case" | "else" | "class" | "action" | "fail";
}

const NO_WAY_OUT = new Set(["end", "loop-end", "knowledge-index"]);
const NO_WAY_IN = new Set(["start", "iteration-start", "loop-start", "datasource"]);

export const isEntry = (node: GraphNode): boolean => NO_WAY_IN.has(kindOf(node)) || kindOf(node).startsWith("trigger-");
export const hasInput = (node: GraphNode): boolean => !isEntry(node);

type Item = { [key: string]: Json };

export function itemsOf(value: Json | undefined): Item[] {
  return Array.isArray(value) ? value.filter((item): item is Item => typeof item === "object" && item !== null && !Array.isArray(item)) : [];
}

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");

export function handlesOf(node: GraphNode): Handle[] {
  const handles = ownHandles(kindOf(node), node.data);
  return node.data.error_strategy === FAIL_BRANCH ? [...handles, { id: FAIL_BRANCH, label: "", role: "fail" }] : handles;
}

function ownHandles(kind: string, data: NodeData): Handle[] {
  if (NO_WAY_OUT.has(kind)) return [];
  switch (kind) {
    case "if-else": {
      const cases = itemsOf(data.cases).map((each): Handle => ({ id: textOf(each.case_id), label: "", role: "case" }));
      const known = cases.length > 0 ? cases : [{ id: "true", label: "", role: "case" } as Handle];
      return [...known, { id: "false", label: "", role: "else" }];
    }
    case "question-classifier":
      return itemsOf(data.classes).map((each) => ({ id: textOf(each.id), label: textOf(each.label) || textOf(each.name), role: "class" }));
    case "human-input": {
      const actions = itemsOf(data.user_actions).map((each): Handle => ({ id: textOf(each.id), label: textOf(each.title), role: "action" }));
      return actions.length > 0 ? actions : [{ id: SOURCE, label: "", role: "out" }];
    }
    default:
      return [{ id: SOURCE, label: "", role: "out" }];
  }
}
