/** What a text of the draft may name: the variables, and what the run provides. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "@/shared/draft/DraftContext";
import type { Offered } from "./promptMarks";

const PROVIDED = ["query", "conversation_id", "user_id", "timestamp"] as const;

export function useOffered(context: boolean): Offered[] {
  const { t } = useTranslation();
  const variables = useDraft((state) => state.draft.variables);
  const searches = useDraft((state) => state.draft.datasets.length > 0);
  return useMemo(
    () => [
      ...variables.map((variable) => ({ name: variable.name, detail: variable.label || t(`build.types.${variable.type}`) })),
      ...(context && searches ? [{ name: "#context#", detail: t("build.provided.context") }] : []),
      ...PROVIDED.map((name) => ({ name: `#sys.${name}#`, detail: t(`build.provided.${name}`) })),
    ],
    [variables, context, searches, t],
  );
}
