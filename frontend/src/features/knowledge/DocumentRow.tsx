/** One document in the table: its stage with progress, or why it failed. */
import { ActionIcon, Anchor, Box, Group, Menu, Progress, Table, Text } from "@mantine/core";
import { IconDots, IconDownload, IconRefresh, IconTextCaption, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { apiUrl } from "@/shared/api/client";
import type { KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import { formatBytes, formatCount } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import { downloadDocument } from "./downloadDocument";

export function inProgress(document: KnowledgeDocument): boolean {
  return document.status !== "ready" && document.status !== "failed";
}

interface DocumentRowProps {
  datasetId: string;
  document: KnowledgeDocument;
  mayEdit: boolean;
  onShow: () => void;
  onRetry: () => void;
  onDelete: () => void;
}

export function DocumentRow({ datasetId, document, mayEdit, onShow, onRetry, onDelete }: DocumentRowProps) {
  const { t } = useTranslation();
  const file = apiUrl(`/datasets/${datasetId}/documents/${document.id}/file`);
  return (
    <Table.Tr>
      <Table.Td maw={320}>
        <Anchor component="button" type="button" c="inherit" size="sm" truncate display="block" w="100%" ta="left" onClick={onShow}>
          {document.name}
        </Anchor>
      </Table.Td>
      <Table.Td miw={120} maw={280}>
        <StatusBadge status={document.status} />
        {inProgress(document) && <Progress value={document.progress * 100} size={4} mt={6} aria-label={t("knowledge.progressOf", { name: document.name })} />}
        {document.status === "failed" && (
          <Box>
            <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {document.reason}
            </Text>
            {mayEdit && (
              <Anchor component="button" type="button" size="xs" onClick={onRetry}>
                {t("common.retry")}
              </Anchor>
            )}
          </Box>
        )}
      </Table.Td>
      <Table.Td ta="right" className="wide-only">{formatCount(document.page_count)}</Table.Td>
      <Table.Td ta="right" className="wide-only">{formatCount(document.chunk_count)}</Table.Td>
      <Table.Td ta="right" className="wide-only" style={{ whiteSpace: "nowrap" }}>
        {formatBytes(document.size_bytes)}
      </Table.Td>
      <Table.Td ta="right" className="wide-only">
        <Text size="sm" c="dimmed" component="span">
          <RelativeTime at={document.created_at} />
        </Text>
      </Table.Td>
      <Table.Td ta="right">
        <Group justify="flex-end">
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={t("knowledge.actionsOf", { name: document.name })}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconTextCaption size={16} />} onClick={onShow}>
                {t("knowledge.showChunks")}
              </Menu.Item>
              <Menu.Item leftSection={<IconDownload size={16} />} onClick={() => void downloadDocument(file, document.name)}>
                {t("knowledge.download")}
              </Menu.Item>
              {mayEdit && document.status === "failed" && (
                <Menu.Item leftSection={<IconRefresh size={16} />} onClick={onRetry}>
                  {t("common.retry")}
                </Menu.Item>
              )}
              {mayEdit && (
                <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={onDelete}>
                  {t("common.delete")}
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
