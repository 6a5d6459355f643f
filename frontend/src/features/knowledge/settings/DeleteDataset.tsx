/** Deletes a dataset after saying what dies with it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "@/shared/api/client";
import type { Dataset, DatasetDeletion } from "@/shared/api/knowledgeTypes";
import { useRoute } from "@/shared/api/workspace";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyDone, notifyError } from "@/shared/ui/notify";

export function DeleteDataset({ dataset, opened, onClose }: { dataset: Dataset; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const toll = useQuery({
    queryKey: ["dataset-deletion", dataset.id],
    queryFn: () => api.delete<DatasetDeletion>(`/datasets/${dataset.id}`, { dry_run: true }),
    enabled: opened,
    staleTime: 0,
  });
  const remove = useMutation({
    mutationFn: () => api.delete<DatasetDeletion>(`/datasets/${dataset.id}`),
    onSuccess: async () => {
      await navigate(route("knowledge"));
      void client.invalidateQueries({ queryKey: ["datasets"] });
      notifyDone(t("knowledge.deleted", { name: dataset.name }));
    },
    onError: notifyError,
  });
  const apps = toll.data?.apps ?? 0;
  const counts = {
    documents: t("knowledge.documentCount", { count: toll.data?.documents ?? dataset.document_counts.total }),
    chunks: t("knowledge.chunkCount", { count: toll.data?.chunks ?? dataset.chunk_count, formatted: String(toll.data?.chunks ?? dataset.chunk_count) }),
    apps: t("knowledge.appCount", { count: Array.isArray(apps) ? apps.length : apps }),
  };
  return (
    <ConfirmDelete opened={opened} title={t("knowledge.deleteQuestion", { name: dataset.name })} busy={remove.isPending} onConfirm={() => remove.mutate()} onClose={onClose}>
      {t("knowledge.deleteText", counts)}
    </ConfirmDelete>
  );
}
