/** A file, or several, that an input asks for: uploaded when they are chosen, sent by their ids. */
import { Button, FileButton, Group, Input, Stack } from "@mantine/core";
import { IconPaperclip } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunFile } from "@/shared/api/runTypes";
import type { Json, Variable } from "@/shared/api/types";
import { postForm } from "@/shared/api/upload";
import { errorText } from "@/shared/ui/errorText";
import { MAX_FILES } from "../variableModel";
import { AttachedFiles } from "./Attached";

interface FileVariableProps {
  variable: Variable;
  value: Json;
  onChange: (value: Json) => void;
}

/** The files that a value stands for: what was just uploaded, or what an earlier run was given. */
function filesOf(value: Json): RunFile[] {
  const items = Array.isArray(value) ? value : [value];
  return items.filter((item) => typeof item === "object" && item !== null && "id" in item) as unknown as RunFile[];
}

export function FileVariable({ variable, value, onChange }: FileVariableProps) {
  const { t } = useTranslation();
  const id = useId();
  const [uploading, setUploading] = useState("");
  const [problem, setProblem] = useState("");
  const many = variable.type === "file-list";
  const most = many ? Math.min(variable.max_length ?? MAX_FILES, MAX_FILES) : 1;
  const files = filesOf(value);
  const write = (next: RunFile[]) => onChange((many ? next : (next[0] ?? "")) as unknown as Json);
  const add = async (chosen: readonly File[]) => {
    const room = many ? most - files.length : 1;
    const problems = chosen.length > room ? [t("build.tooManyFiles", { count: most })] : [];
    const kept: RunFile[] = [];
    for (const file of chosen.slice(0, room)) {
      setUploading(file.name);
      try {
        kept.push(await postForm<RunFile>("/files", { file }));
      } catch (reason) {
        const { title, detail } = errorText(t, reason);
        problems.push(`${file.name}: ${title} ${detail}`.trim());
      }
    }
    setUploading("");
    setProblem(problems.join(" "));
    if (kept.length > 0) write(many ? [...files, ...kept] : kept);
  };
  const button = { variant: "default", size: "xs", leftSection: <IconPaperclip size={14} />, loading: uploading !== "", disabled: many && files.length >= most, "aria-describedby": id } as const;
  return (
    <Input.Wrapper label={variable.label || variable.name} labelElement="div" withAsterisk={variable.required} error={problem || undefined} id={id}>
      <Stack gap={6} align="flex-start" mt={4}>
        <AttachedFiles files={files} onRemove={(file) => write(files.filter((each) => each.id !== file.id))} />
        <Group gap="xs">
          {many ? (
            <FileButton multiple onChange={(chosen) => void add(chosen)}>
              {(props) => (
                <Button {...props} {...button}>
                  {t("build.chooseFiles")}
                </Button>
              )}
            </FileButton>
          ) : (
            <FileButton onChange={(chosen) => void (chosen && add([chosen]))}>
              {(props) => (
                <Button {...props} {...button}>
                  {t(files.length > 0 ? "build.chooseOtherFile" : "build.chooseFile")}
                </Button>
              )}
            </FileButton>
          )}
        </Group>
      </Stack>
    </Input.Wrapper>
  );
}
