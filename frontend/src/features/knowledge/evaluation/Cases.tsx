/** The questions of a test set and what answers them: written, uploaded or made by a model. */
import { ActionIcon, Alert, Badge, Button, Center, Group, Menu, Progress, Stack, Table, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconDots, IconListCheck, IconPencil, IconPlus, IconSearch, IconSparkles, IconTrash, IconUpload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { TestCase, TestSet } from "@/shared/api/retrievalTypes";
import { useMay } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { notifyError } from "@/shared/ui/notify";
import { EmptyState, ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { CaseEditor } from "./CaseEditor";
import { GenerateCases } from "./GenerateCases";
import { setsPath, useCases } from "./queries";
import { UploadCases } from "./UploadCases";

type Dialog = "write" | "upload" | "generate";

export function Cases({ dataset, set }: { dataset: Dataset; set: TestSet }) {
  const { t } = useTranslation();
  const may = useMay();
  const [text, setText] = useState("");
  const [search] = useDebouncedValue(text, 250);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const [edited, setEdited] = useState<TestCase | null>(null);
  const cases = useCases(dataset.id, set, search);
  const list = cases.data?.pages.flatMap((page) => page.results) ?? [];
  const close = () => {
    setDialog(null);
    setEdited(null);
  };
  const ways = (
    <Group gap="xs">
      <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => setDialog("write")}>
        {t("knowledge.addCase")}
      </Button>
      <Button variant="default" leftSection={<IconUpload size={16} />} onClick={() => setDialog("upload")}>
        {t("knowledge.uploadCases")}
      </Button>
      <Button variant="default" leftSection={<IconSparkles size={16} />} onClick={() => setDialog("generate")}>
        {t("knowledge.generateCases")}
      </Button>
    </Group>
  );
  const isEmpty = cases.data !== undefined && list.length === 0 && search === "";
  return (
    <Stack>
      <Generating set={set} />
      {isEmpty ? (
        <EmptyState icon={IconListCheck} title={t("knowledge.noCasesTitle")} text={t("knowledge.noCasesText")} action={may.edit && ways} />
      ) : (
        <Group gap="xs" justify="space-between">
          <TextInput leftSection={<IconSearch size={16} />} placeholder={t("knowledge.searchCases")} aria-label={t("knowledge.searchCases")} value={text} onChange={(event) => setText(event.currentTarget.value)} flex={1} miw={{ base: "100%", sm: 180 }} maw={{ sm: 320 }} />
          {may.edit && ways}
        </Group>
      )}
      {cases.isPending && <RowsSkeleton />}
      {cases.isError && <ErrorState error={cases.error} onRetry={() => void cases.refetch()} />}
      {cases.data && list.length === 0 && search !== "" && <Text c="dimmed">{t("knowledge.noCaseFound")}</Text>}
      {list.length > 0 && (
        <Table.ScrollContainer minWidth={320}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t("knowledge.query")}</Table.Th>
                <Table.Th>{t("knowledge.rightAnswer")}</Table.Th>
                <Table.Th w={44} />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {list.map((each) => (
                <Table.Tr key={each.id}>
                  <Table.Td style={{ overflowWrap: "anywhere" }}>{each.question}</Table.Td>
                  <Table.Td>
                    <Labels labelled={each} />
                  </Table.Td>
                  <Table.Td>{may.edit && <CaseMenu datasetId={dataset.id} set={set} labelled={each} onEdit={() => setEdited(each)} />}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {cases.hasNextPage && (
        <Center>
          <Button variant="default" loading={cases.isFetchingNextPage} onClick={() => void cases.fetchNextPage()}>
            {t("common.loadMore")}
          </Button>
        </Center>
      )}
      <CaseEditor key={edited?.id ?? "new"} datasetId={dataset.id} setId={set.id} labelled={edited} opened={dialog === "write" || edited !== null} onClose={close} />
      <UploadCases datasetId={dataset.id} setId={set.id} opened={dialog === "upload"} onClose={close} />
      <GenerateCases dataset={dataset} setId={set.id} opened={dialog === "generate"} onClose={close} />
    </Stack>
  );
}

function Labels({ labelled }: { labelled: TestCase }) {
  const { t } = useTranslation();
  return (
    <Group gap={4}>
      {labelled.documents.map((name) => (
        <Badge key={name} color="gray" maw={260} title={name}>
          {name}
        </Badge>
      ))}
      {labelled.chunks.length > 0 && <Badge color="gray">{t("knowledge.chunkCount", { count: labelled.chunks.length, formatted: formatCount(labelled.chunks.length) })}</Badge>}
      {labelled.phrase && (
        <Text size="xs" c="dimmed" className="clamp-2">
          “{labelled.phrase}”
        </Text>
      )}
    </Group>
  );
}

function CaseMenu({ datasetId, set, labelled, onEdit }: { datasetId: string; set: TestSet; labelled: TestCase; onEdit: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.delete(`${setsPath(datasetId)}/${set.id}/cases/${labelled.id}`),
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: ["cases", set.id] }), client.invalidateQueries({ queryKey: ["test-sets", datasetId] })]),
    onError: notifyError,
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" loading={remove.isPending} aria-label={t("knowledge.actionsOf", { name: labelled.question })}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPencil size={16} />} onClick={onEdit}>
          {t("common.edit")}
        </Menu.Item>
        <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => remove.mutate()}>
          {t("common.delete")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Generating({ set }: { set: TestSet }) {
  const { t } = useTranslation();
  const work = set.generating;
  if (!work) return null;
  return (
    <Alert variant="light" color={work.reason ? "red" : "accent"} title={t(work.reason ? "knowledge.generationFailed" : "knowledge.generating", { done: work.done, total: work.total })}>
      {work.reason || <Progress value={work.total > 0 ? (work.done / work.total) * 100 : 0} size={4} aria-label={t("knowledge.generating", { done: work.done, total: work.total })} />}
    </Alert>
  );
}
