/** What the node in the inspector may read, filtered by type, in the forms that pickers and editors need. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { referenceText } from "../graph/references";
import { fits } from "../graph/varTypes";
import { innerVariables, upstreamVariables, type Variable } from "../graph/variables";
import { graphNow } from "../store/builder";
import { useAround, useBuilder } from "../store/BuilderContext";
import type { Offered } from "./CodeMirrorField";

export type From = "upstream" | "inside" | "assignable";

const ROOMS = new Set(["sys", "env", "conversation"]);

export function useReadable(nodeId: string, from: From = "upstream"): Variable[] {
  const graph = useBuilder(graphNow);
  const around = useAround();
  return useMemo(() => {
    if (from === "inside") return innerVariables(graph, nodeId, around);
    const all = upstreamVariables(graph, nodeId, around);
    return from === "assignable" ? all.filter((variable) => variable.source === "conversation" || variable.kind === "loop") : all;
  }, [graph, nodeId, around, from]);
}

export function useRoomName(): (variable: Pick<Variable, "source" | "sourceTitle">) => string {
  const { t } = useTranslation();
  return ({ source, sourceTitle }) => (ROOMS.has(source) ? t(`workflow.rooms.${source as "sys" | "env" | "conversation"}`) : sourceTitle);
}

export const wantedOf = (variables: Variable[], types?: readonly string[]): Variable[] =>
  types ? variables.filter((variable) => fits(variable.type, types)) : variables;

export function useOffered(nodeId: string, more: Offered[] = []): Offered[] {
  const variables = useReadable(nodeId);
  const roomName = useRoomName();
  const offered = variables.map((variable) => ({
    text: referenceText(variable.selector),
    label: `${roomName(variable)} › ${variable.selector.slice(1).join(".")}`,
    type: variable.type,
    section: roomName(variable),
  }));
  return [...more, ...offered];
}
