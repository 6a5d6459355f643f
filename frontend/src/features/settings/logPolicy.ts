/** The policy of the logs: its shape, and how it is changed. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import { notifyDone, notifyError } from "@/shared/ui/notify";

type Schemas = components["schemas"];
export type LogPolicy = Schemas["LogPolicy"];
export type RetentionEstimate = Schemas["RetentionEstimate"];
export type OwnRule = Schemas["OwnRule"];
export type BuiltIn = NonNullable<NonNullable<LogPolicy["redaction"]>["built_in"]>[number];
export type EndUserData = Schemas["EndUserData"];
export type Erasure = Schemas["Erasure"];

export const BUILT_IN: BuiltIn[] = ["email", "phone", "card"];

export function usePolicyChange() {
  const { t } = useTranslation();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: Pick<LogPolicy, "retention_days"> | Pick<LogPolicy, "redaction">) => api.patch<LogPolicy>("/log-policy", change),
    onSuccess: (policy) => {
      client.setQueryData(["log-policy"], policy);
      notifyDone(t("common.savedDone"));
    },
    onError: notifyError,
  });
}
