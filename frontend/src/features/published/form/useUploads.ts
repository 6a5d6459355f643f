/** Uploads files for the visitor, one after the other; what the page refuses is said, the others are kept. */
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import type { FileRules } from "@/shared/site/types";
import type { FileShown } from "../api";
import { useVisit } from "../SiteContext";
import { errorWords, wordsOf } from "../words";

const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** What the dialog for files offers; nothing where every file may be chosen. */
export function acceptOf(rules: FileRules): string | undefined {
  if (rules.kinds.length === 1 && rules.kinds[0] === "image") return [...IMAGES, ...rules.endings].join(",");
  return rules.kinds.length === 0 && rules.endings.length > 0 ? rules.endings.join(",") : undefined;
}

export function useUploads(onProblem: (text: string) => void) {
  const { t } = useTranslation();
  const { api, offer } = useVisit();
  const [uploading, setUploading] = useState("");
  const upload = useCallback(
    async (files: readonly File[]): Promise<FileShown[]> => {
      const kept: FileShown[] = [];
      for (const file of files) {
        if (file.size > offer.files.max_bytes) {
          onProblem(`${file.name}: ${wordsOf(t, "file_too_large")}`);
          continue;
        }
        setUploading(file.name);
        try {
          kept.push(await api.upload(file));
        } catch (reason) {
          onProblem(`${file.name}: ${errorWords(t, reason)}`);
        }
      }
      setUploading("");
      return kept;
    },
    [api, offer.files.max_bytes, onProblem, t],
  );
  return { upload, uploading };
}
