/** Whether the draft's model takes images. */
import { useModels } from "@/shared/api/queries";
import { useDraft } from "@/shared/draft/DraftContext";

export function useSees(): boolean {
  const models = useModels();
  const id = useDraft((state) => state.draft.model.id);
  return models.data?.find((model) => model.id === id)?.supports_images ?? false;
}
