/** The reader's words for kinds, branches and problems; what the catalogue does not know keeps the server's. */
import type { TFunction } from "i18next";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type workflow from "@/shared/i18n/locales/en/workflow.json";
import type { Handle } from "./graph/handles";
import type { Problem } from "./graph/problems";
import { useAround } from "./store/BuilderContext";

type Kind = keyof typeof workflow.kinds;
type Field = keyof typeof workflow.fields;

export function useWords() {
  const { t } = useTranslation();
  const { types } = useAround();
  return useMemo(
    () => ({
      kind: (kind: string) => t(`workflow.kinds.${kind as Kind}`, { defaultValue: types.get(kind)?.title ?? kind }),
      hint: (kind: string) => t(`workflow.kindHints.${kind as Kind}`, { defaultValue: types.get(kind)?.description ?? "" }),
      field: (field: string) => fieldWord(t, field),
      problem: (problem: Problem) => problemText(t, problem),
      handle: (handle: Handle, index: number) => handleText(t, handle, index),
    }),
    [t, types],
  );
}

export function fieldWord(t: TFunction, field: string): string {
  const plain = field.replaceAll("_", " ").trim();
  return t(`workflow.fields.${field as Field}`, { defaultValue: plain.charAt(0).toUpperCase() + plain.slice(1) });
}

function problemText(t: TFunction, { code, detail }: Problem): string {
  if (code === "server") return detail;
  const shown = code === "missing_field" ? detail.split(".").filter((part) => part !== "id").map((part) => fieldWord(t, part)).join(" › ") : detail;
  return t(`workflow.problems.${code}`, { detail: shown });
}

function handleText(t: TFunction, handle: Handle, index: number): string {
  switch (handle.role) {
    case "case":
      return index === 0 ? t("workflow.branches.if") : t("workflow.branches.elif", { number: index });
    case "else":
      return t("workflow.branches.else");
    case "fail":
      return t("workflow.branches.fail");
    default:
      return handle.label || handle.id;
  }
}
