/** One door for every action on documents: one or many, with what was skipped and why. */
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { ActionResult, DocumentAction, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { useRefreshDataset } from "../queries";

interface Act {
  action: DocumentAction;
  documents: Pick<KnowledgeDocument, "id" | "name">[];
}

const SHOWN = 5;

export function useDocumentActions(datasetId: string) {
  const { t } = useTranslation();
  const refresh = useRefreshDataset(datasetId);
  return useMutation({
    mutationFn: ({ action, documents }: Act) =>
      api.post<ActionResult>(`/datasets/${datasetId}/documents/actions`, { action, ids: documents.map((document) => document.id) }),
    onSuccess: async ({ done, skipped }, { action, documents }) => {
      const nameOf = (id: string) => documents.find((document) => document.id === id)?.name ?? id.slice(0, 8);
      if (skipped.length > 0) {
        notifications.show({
          title: t("knowledge.skipped", { count: skipped.length, done }),
          message: skipped.slice(0, SHOWN).map(({ id, reason }) => `${nameOf(id)}: ${reason}`).join("\n"),
          color: "yellow",
          autoClose: 10_000,
          withBorder: true,
          styles: { description: { whiteSpace: "pre-line", overflowWrap: "anywhere" } },
        });
      } else if (documents.length > 1 || action === "delete") {
        notifyDone(t(`knowledge.actionDone.${action}`, { count: done }));
      }
      await refresh();
    },
    onError: notifyError,
  });
}
