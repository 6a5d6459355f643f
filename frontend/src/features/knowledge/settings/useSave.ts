/** Changes settings of a dataset and says that it is done. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { useRefreshDataset } from "../queries";

export type DatasetChange = Partial<Omit<Dataset, "tags">> & { tags?: string[] };

export function useSave(datasetId: string, onSaved?: () => void) {
  const { t } = useTranslation();
  const refresh = useRefreshDataset(datasetId);
  return useMutation({
    mutationFn: (change: DatasetChange) => api.patch<Dataset>(`/datasets/${datasetId}`, change),
    onSuccess: async () => {
      await refresh();
      notifyDone(t("common.savedDone"));
      onSaved?.();
    },
    onError: notifyError,
  });
}
