/** Takes a CSV file of questions and answers, and names the lines that could not be used. */
import { Alert, Button, Code, FileButton, Group, Modal, Stack, Table, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconFileUpload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { uploadFile } from "@/shared/api/upload";
import { ErrorState } from "@/shared/ui/states";
import type { AnnotationImport } from "./queries";

const EXAMPLE = "question,answer\nHow long is the warranty?,Three years.";

export function ImportFile({ appId, opened, onClose }: { appId: string; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("annotations.import")} size="lg">
      <Upload appId={appId} onClose={onClose} />
    </Modal>
  );
}

function Upload({ appId, onClose }: { appId: string; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const upload = useMutation({
    mutationFn: async (file: File) => (await uploadFile<AnnotationImport>(`/apps/${appId}/annotations/import`, file, () => undefined)).body,
    onSuccess: () => client.invalidateQueries({ queryKey: ["annotations", appId] }),
  });
  return (
    <Stack>
      <Text size="sm">{t("annotations.importText")}</Text>
      <Code block>{EXAMPLE}</Code>
      {upload.isError && <ErrorState error={upload.error} />}
      {upload.data && <Result made={upload.data} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t("common.close")}
        </Button>
        <FileButton accept=".csv,.tsv,.txt,text/csv" onChange={(file) => file && upload.mutate(file)} inputProps={{ "aria-label": t("annotations.choose") }}>
          {(props) => (
            <Button {...props} leftSection={<IconFileUpload size={16} />} loading={upload.isPending}>
              {t("annotations.choose")}
            </Button>
          )}
        </FileButton>
      </Group>
    </Stack>
  );
}

function Result({ made }: { made: AnnotationImport }) {
  const { t } = useTranslation();
  const title = t("annotations.imported", { count: made.created });
  if (made.refused_count === 0) return <Alert color="accent" variant="light" icon={<IconCheck size={18} />} title={title} role="status" />;
  return (
    <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} title={title} role="status">
      <Text size="sm" mb="xs">
        {t("annotations.refused", { count: made.refused_count })}
      </Text>
      <Table verticalSpacing={4} withRowBorders={false}>
        <Table.Tbody>
          {made.refused.map((line) => (
            <Table.Tr key={line.line}>
              <Table.Td className="numbers" w={90}>
                {t("annotations.line", { number: line.line })}
              </Table.Td>
              <Table.Td>{line.reason}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Alert>
  );
}
