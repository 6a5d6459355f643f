/** The documents as a table that can be sorted and chosen from; cards where the screen is narrow. */
import { Anchor, Badge, Checkbox, Group, Paper, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { DocumentAction, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import { formatBytes, formatCount } from "@/shared/format/numbers";
import { RelativeTime } from "@/shared/ui/bits";
import classes from "../knowledge.module.css";
import { DocumentMenu } from "./DocumentMenu";
import { DocumentState } from "./DocumentState";
import { languageName } from "./languages";

export interface TableProps {
  datasetId: string;
  documents: KnowledgeDocument[];
  mayEdit: boolean;
  chosen: ReadonlySet<string>;
  onChoose: (ids: string[], on: boolean) => void;
  ordering: string;
  onOrder: (ordering: string) => void;
  onShow: (document: KnowledgeDocument, view: string | null) => void;
  onAct: (action: DocumentAction, document: KnowledgeDocument) => void;
  onReplace: (document: KnowledgeDocument, file: File) => void;
}

export function DocumentsTable(props: TableProps) {
  const narrow = useMediaQuery("(max-width: 860px)");
  return narrow ? <Cards {...props} /> : <WideTable {...props} />;
}

function WideTable({ documents, chosen, onChoose, ordering, onOrder, mayEdit, ...rest }: TableProps) {
  const { t, i18n } = useTranslation();
  const all = documents.length > 0 && documents.every((document) => chosen.has(document.id));
  const some = documents.some((document) => chosen.has(document.id));
  const sort = { ordering, onOrder };
  return (
    <Table.ScrollContainer minWidth={900}>
      <Table horizontalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            {mayEdit && (
              <Table.Th w={36}>
                <Checkbox size="xs" checked={all} indeterminate={some && !all} aria-label={t("knowledge.chooseAll")} onChange={(event) => onChoose(documents.map((each) => each.id), event.currentTarget.checked)} />
              </Table.Th>
            )}
            <SortableTh field="name" {...sort}>
              {t("common.name")}
            </SortableTh>
            <Table.Th w={200}>{t("knowledge.status")}</Table.Th>
            <Table.Th>{t("knowledge.language")}</Table.Th>
            <Table.Th ta="right">{t("knowledge.pages")}</Table.Th>
            <SortableTh field="chunk_count" right {...sort}>
              {t("knowledge.chunks")}
            </SortableTh>
            <SortableTh field="token_count" right {...sort}>
              {t("knowledge.tokensHead")}
            </SortableTh>
            <SortableTh field="size_bytes" right {...sort}>
              {t("knowledge.size")}
            </SortableTh>
            <SortableTh field="created_at" right {...sort}>
              {t("knowledge.added")}
            </SortableTh>
            <Table.Th w={44} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {documents.map((document) => (
            <Table.Tr key={document.id} data-dimmed={!document.is_enabled || document.is_archived || undefined} className={classes.documentRow}>
              {mayEdit && (
                <Table.Td>
                  <Chooser document={document} chosen={chosen} onChoose={onChoose} />
                </Table.Td>
              )}
              <Table.Td maw={340}>
                <DocumentName document={document} onShow={() => rest.onShow(document, null)} />
              </Table.Td>
              <Table.Td maw={280}>
                <StateOf document={document} mayEdit={mayEdit} {...rest} />
              </Table.Td>
              <Table.Td>
                <Text size="sm">{languageName(document.language, i18n.language)}</Text>
              </Table.Td>
              <Table.Td ta="right">{formatCount(document.page_count)}</Table.Td>
              <Table.Td ta="right">{formatCount(document.chunk_count)}</Table.Td>
              <Table.Td ta="right">{formatCount(document.token_count)}</Table.Td>
              <Table.Td ta="right" style={{ whiteSpace: "nowrap" }}>
                {formatBytes(document.size_bytes)}
              </Table.Td>
              <Table.Td ta="right">
                <Text size="sm" c="dimmed" component="span">
                  <RelativeTime at={document.created_at} />
                </Text>
              </Table.Td>
              <Table.Td ta="right">
                <MenuOf document={document} mayEdit={mayEdit} {...rest} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

type RowProps = Pick<TableProps, "datasetId" | "mayEdit" | "onShow" | "onAct" | "onReplace"> & { document: KnowledgeDocument };

function StateOf({ document, mayEdit, onAct, onReplace }: RowProps) {
  return <DocumentState document={document} mayEdit={mayEdit} onRetry={() => onAct("retry", document)} onReplace={(file) => onReplace(document, file)} />;
}

function MenuOf({ document, datasetId, mayEdit, onShow, onAct }: RowProps) {
  return <DocumentMenu datasetId={datasetId} document={document} mayEdit={mayEdit} onShow={(view) => onShow(document, view)} onAct={(action) => onAct(action, document)} />;
}

function Chooser({ document, chosen, onChoose }: Pick<TableProps, "chosen" | "onChoose"> & { document: KnowledgeDocument }) {
  const { t } = useTranslation();
  return (
    <Checkbox size="xs" checked={chosen.has(document.id)} aria-label={t("knowledge.chooseDocument", { name: document.name })} onChange={(event) => onChoose([document.id], event.currentTarget.checked)} />
  );
}

function DocumentName({ document, onShow }: { document: KnowledgeDocument; onShow: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack gap={2} miw={0}>
      <Anchor component="button" type="button" c="inherit" size="sm" truncate display="block" maw="100%" ta="left" title={document.name} onClick={onShow}>
        {document.name}
      </Anchor>
      {document.source_url && (
        <Text size="xs" c="dimmed" truncate title={document.source_url}>
          {document.source_url}
        </Text>
      )}
      {(document.is_archived || !document.is_enabled) && (
        <Group gap={4}>
          <Badge size="sm" color="gray">
            {t(document.is_archived ? "knowledge.states.archived" : "knowledge.states.disabled")}
          </Badge>
        </Group>
      )}
    </Stack>
  );
}

interface SortableThProps {
  field: string;
  ordering: string;
  onOrder: (ordering: string) => void;
  right?: boolean;
  children: ReactNode;
}

/** Words sort from A first, numbers and times from the greatest first; a second click turns it round. */
function SortableTh({ field, ordering, onOrder, right, children }: SortableThProps) {
  const down = ordering === `-${field}`;
  const up = ordering === field;
  const first = field === "name" ? field : `-${field}`;
  const other = field === "name" ? `-${field}` : field;
  return (
    <Table.Th ta={right ? "right" : undefined} aria-sort={up ? "ascending" : down ? "descending" : "none"}>
      <UnstyledButton fz="inherit" fw="inherit" className={classes.sort} onClick={() => onOrder(ordering === first ? other : first)}>
        {children}
        {down && <IconArrowDown size={13} aria-hidden />}
        {up && <IconArrowUp size={13} aria-hidden />}
      </UnstyledButton>
    </Table.Th>
  );
}

function Cards({ documents, chosen, onChoose, mayEdit, ...rest }: TableProps) {
  const { t, i18n } = useTranslation();
  return (
    <Stack gap="xs" component="ul" m={0} p={0} style={{ listStyle: "none" }}>
      {documents.map((document) => (
        <Paper key={document.id} component="li" p="sm">
          <Group wrap="nowrap" align="flex-start" gap="sm">
            {mayEdit && <Chooser document={document} chosen={chosen} onChoose={onChoose} />}
            <Stack gap={6} flex={1} miw={0}>
              <DocumentName document={document} onShow={() => rest.onShow(document, null)} />
              <StateOf document={document} mayEdit={mayEdit} {...rest} />
              <Text size="xs" c="dimmed" className="numbers">
                {[
                  document.page_count === null ? "" : t("knowledge.pageCount", { count: document.page_count }),
                  t("knowledge.chunkCount", { count: document.chunk_count, formatted: formatCount(document.chunk_count) }),
                  formatBytes(document.size_bytes),
                  document.language && languageName(document.language, i18n.language),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </Text>
            </Stack>
            <MenuOf document={document} mayEdit={mayEdit} {...rest} />
          </Group>
        </Paper>
      ))}
    </Stack>
  );
}
