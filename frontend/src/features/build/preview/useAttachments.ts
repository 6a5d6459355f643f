/** The images that go with the next question: uploaded when they are chosen, named by their ids when it is sent. */
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunFile } from "@/shared/api/runTypes";
import { postForm } from "@/shared/api/upload";
import { errorText } from "@/shared/ui/errorText";

/** The server takes no more with one question. */
const MAX_FILES = 10;
export const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

export interface Attachments {
  files: RunFile[];
  /** The name of what is on its way, empty when nothing is. */
  uploading: string;
  problem: string;
  add: (chosen: readonly File[]) => Promise<void>;
  remove: (file: RunFile) => void;
  /** Takes what was attached, for the question that is sent now. */
  take: () => RunFile[];
  put: (files: RunFile[]) => void;
  room: number;
}

export function useAttachments(): Attachments {
  const { t } = useTranslation();
  const [files, setFiles] = useState<RunFile[]>([]);
  const [uploading, setUploading] = useState("");
  const [problem, setProblem] = useState("");
  const room = MAX_FILES - files.length;
  const add = useCallback(
    async (chosen: readonly File[]) => {
      const problems = chosen.length > room ? [t("build.tooManyImages", { count: MAX_FILES })] : [];
      for (const file of chosen.slice(0, room)) {
        if (!IMAGES.includes(file.type)) {
          problems.push(t("build.notAnImage", { name: file.name }));
          continue;
        }
        setUploading(file.name);
        try {
          const stored = await postForm<RunFile>("/files", { file });
          setFiles((now) => [...now, stored]);
        } catch (reason) {
          const { title, detail } = errorText(t, reason);
          problems.push(`${file.name}: ${title} ${detail}`.trim());
        }
      }
      setUploading("");
      setProblem(problems.join(" "));
    },
    [room, t],
  );
  const take = () => {
    setFiles([]);
    setProblem("");
    return files;
  };
  const remove = (file: RunFile) => setFiles((now) => now.filter((each) => each.id !== file.id));
  return { files, uploading, problem, add, remove, take, put: setFiles, room };
}
