/** Questions from a CSV or JSONL file; every line that can't be taken is named with its reason. */
import { Alert, Button, Code, FileInput, Group, Modal, Stack, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { postForm } from "@/shared/api/upload";
import { ErrorState } from "@/shared/ui/states";
import { setsPath } from "./queries";

const CSV_EXAMPLE = `question,documents,phrase
Who built the lighthouse?,korvala.pdf,Aino Seppala
When does the ferry leave?,korvala.pdf;timetable.pdf,`;
const JSONL_EXAMPLE = `{"question": "Who built the lighthouse?", "documents": ["korvala.pdf"], "phrase": "Aino Seppala"}`;

const WRAP = { whiteSpace: "pre-wrap", overflowWrap: "anywhere" } as const;

interface Added {
  added: number;
  refused: { line: number; reason: string }[];
}

export function UploadCases({ datasetId, setId, opened, onClose }: { datasetId: string; setId: string; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const upload = useMutation({
    mutationFn: (chosen: File) => postForm<Added>(`${setsPath(datasetId)}/${setId}/cases`, { file: chosen }),
    onSuccess: ({ refused }) => {
      void client.invalidateQueries({ queryKey: ["cases", setId] });
      void client.invalidateQueries({ queryKey: ["test-sets", datasetId] });
      setFile(null);
      if (refused.length === 0) onClose();
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title={t("knowledge.uploadCases")} size="lg">
      <Stack component="form" onSubmit={(event) => (event.preventDefault(), file && upload.mutate(file))}>
        <Text size="sm">{t("knowledge.casesFormat")}</Text>
        <Text size="xs" c="dimmed" fw={500}>
          CSV
        </Text>
        <Code block style={WRAP}>{CSV_EXAMPLE}</Code>
        <Text size="xs" c="dimmed" fw={500}>
          JSONL
        </Text>
        <Code block style={WRAP}>{JSONL_EXAMPLE}</Code>
        <FileInput label={t("knowledge.file")} placeholder={t("knowledge.chooseFile")} accept=".csv,.jsonl,.ndjson,text/csv,application/jsonl" leftSection={<IconUpload size={16} />} value={file} onChange={setFile} clearable />
        {upload.isError && <ErrorState error={upload.error} />}
        {upload.data && upload.data.refused.length > 0 && (
          <Alert color="yellow" variant="light" title={t("knowledge.linesRefused", { count: upload.data.refused.length, added: upload.data.added })}>
            <Stack gap={2} mah={180} style={{ overflowY: "auto" }}>
              {upload.data.refused.map(({ line, reason }) => (
                <Text key={line} size="xs">
                  {t("knowledge.line", { line })}: {reason}
                </Text>
              ))}
            </Stack>
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t(upload.data ? "common.done" : "common.cancel")}
          </Button>
          <Button type="submit" loading={upload.isPending} disabled={!file}>
            {t("knowledge.upload")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
