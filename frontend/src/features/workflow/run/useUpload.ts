/** Uploads files and returns their ids, by which a run is given them. */
import { postForm } from "@/shared/api/upload";

export function useUpload(): (files: readonly File[]) => Promise<string[]> {
  return (files) => Promise.all(files.map(async (file) => (await postForm<{ id: string }>("/files", { file })).id));
}
