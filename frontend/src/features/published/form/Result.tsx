/** What a form's run gave: a lone text as text, several outputs by name, files to download, the rest as a tree. */
import { Button, Stack, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Json, JsonObject } from "@/shared/api/types";
import { JsonTree } from "@/shared/ui/JsonTree";
import { Markdown } from "@/shared/ui/markdown/Markdown";
import { saveBlob } from "@/shared/ui/saveFile";
import type { PassageShown } from "../api";
import { useVisit } from "../SiteContext";
import { errorWords } from "../words";

interface ResultProps {
  outputs: JsonObject;
  positions: PassageShown[];
  onCite: (position: number) => void;
}

export function Result({ outputs, positions, onCite }: ResultProps) {
  const entries = Object.entries(outputs);
  const cited = positions.map((passage) => passage.position);
  return (
    <Stack gap="md">
      {entries.map(([name, value]) => (
        <div key={name}>
          {entries.length > 1 && (
            <Text size="xs" c="dimmed" fw={500} mb={4}>
              {name}
            </Text>
          )}
          <Output name={name} value={value} cited={cited} onCite={onCite} />
        </div>
      ))}
    </Stack>
  );
}

function jsonOf(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

const isFile = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && typeof value.id === "string" && typeof value.name === "string" && "mime_type" in value;

function Output({ name, value, cited, onCite }: { name: string; value: Json; cited: number[]; onCite: (position: number) => void }) {
  const files = (Array.isArray(value) ? value : [value]).filter(isFile);
  if (files.length > 0) return <Stack gap={6} align="flex-start">{files.map((file) => <FileLink key={String(file.id)} file={file} />)}</Stack>;
  if (typeof value !== "string") return <JsonTree value={value} label={name} openTo={3} />;
  const json = jsonOf(value);
  return json === undefined ? <Markdown text={value} positions={cited} onCite={onCite} /> : <JsonTree value={json} label={name} openTo={3} />;
}

function FileLink({ file }: { file: JsonObject }) {
  const { t } = useTranslation();
  const { api } = useVisit();
  const [problem, setProblem] = useState("");
  const name = String(file.name);
  const save = async () => {
    setProblem("");
    try {
      saveBlob(await api.download(String(file.id)), name);
    } catch (reason) {
      setProblem(errorWords(t, reason));
    }
  };
  return (
    <>
      <Button variant="default" size="xs" leftSection={<IconDownload size={14} />} onClick={() => void save()}>
        {t("published.download", { name })}
      </Button>
      {problem && (
        <Text size="xs" c="var(--danger-text)" role="alert">
          {problem}
        </Text>
      )}
    </>
  );
}
