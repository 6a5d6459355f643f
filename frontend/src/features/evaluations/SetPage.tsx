/** One test set: its cases, and the ways to get more. */
import { ActionIcon, Alert, Button, Center, FileButton, Group, Progress, Stack, Table, Text, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconListCheck, IconPencil, IconPlus, IconSparkles, IconTrash, IconUpload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api } from "@/shared/api/client";
import { postForm } from "@/shared/api/upload";
import { useMay, useRoute } from "@/shared/api/workspace";
import type { Case, TestSet, Uploaded } from "@/shared/evaluations/types";
import { notifyError } from "@/shared/ui/notify";
import { Page } from "@/shared/ui/Page";
import { EmptyState, ErrorState, Loaded, RowsSkeleton } from "@/shared/ui/states";
import { CaseEditor } from "./CaseEditor";
import { DeleteButton } from "./DeleteButton";
import { GenerateCases } from "./GenerateCases";
import { SetForm } from "./SetForm";
import { useCases, useTestSet } from "./queries";

const REFUSED_SHOWN = 10;

export function SetPage({ id }: { id: string }) {
  const set = useTestSet(id);
  return <Loaded query={set}>{(loaded) => <SetFrame set={loaded} />}</Loaded>;
}

function SetFrame({ set }: { set: TestSet }) {
  const { t } = useTranslation();
  const route = useRoute();
  const may = useMay();
  const client = useQueryClient();
  const [edited, setEdited] = useState<Case | "new" | null>(null);
  const [generating, setGenerating] = useState(false);
  const [naming, setNaming] = useState(false);
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ["evaluation-cases", set.id] }), client.invalidateQueries({ queryKey: ["evaluation-sets"] })]);
  const upload = useMutation({
    mutationFn: (file: File) => postForm<Uploaded>(`/test-sets/${set.id}/upload`, { file }),
    onSuccess: refresh,
  });
  const ways = may.edit && (
    <Group gap="xs">
      <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => setEdited("new")}>
        {t("evaluations.cases.add")}
      </Button>
      <FileButton accept=".csv,.jsonl,.json,.ndjson,.txt" onChange={(file) => file && upload.mutate(file)}>
        {(props) => (
          <Button variant="default" leftSection={<IconUpload size={16} />} loading={upload.isPending} {...props}>
            {t("evaluations.cases.upload")}
          </Button>
        )}
      </FileButton>
      <Button variant="default" leftSection={<IconSparkles size={16} />} onClick={() => setGenerating(true)}>
        {t("evaluations.cases.generate")}
      </Button>
    </Group>
  );
  return (
    <Page
      title={set.name}
      actions={
        may.edit && (
          <Button variant="default" leftSection={<IconPencil size={16} />} onClick={() => setNaming(true)}>
            {t("common.edit")}
          </Button>
        )
      }
      description={
        <Button component={Link} to={route("evaluations/sets")} size="compact-sm" variant="subtle" color="gray" ml={-8} leftSection={<IconArrowLeft size={15} />}>
          {t("evaluations.sets.all")}
        </Button>
      }
    >
      <Stack>
        {set.case_count > 0 && ways}
        <Generation set={set} />
        {upload.isError && <ErrorState error={upload.error} />}
        {upload.data && <UploadReport uploaded={upload.data} />}
        <Cases set={set} onEdit={setEdited} empty={ways} />
        {may.edit && <DeleteSet set={set} />}
      </Stack>
      <CaseEditor key={edited === "new" || edited === null ? "new" : edited.id} setId={set.id} edited={edited === "new" ? null : edited} opened={edited !== null} onClose={() => setEdited(null)} />
      <SetForm set={set} opened={naming} onClose={() => setNaming(false)} />
      <GenerateCases setId={set.id} opened={generating} onClose={() => setGenerating(false)} />
    </Page>
  );
}

function UploadReport({ uploaded }: { uploaded: Uploaded }) {
  const { t } = useTranslation();
  return (
    <Alert variant="light" color={uploaded.refused.length > 0 ? "yellow" : "accent"} title={t("evaluations.cases.added", { count: uploaded.added })} role="status">
      {uploaded.refused.length > 0 && (
        <Stack gap={2}>
          <Text size="sm">{t("evaluations.cases.refused", { count: uploaded.refused.length })}</Text>
          {uploaded.refused.slice(0, REFUSED_SHOWN).map((line) => (
            <Text size="sm" key={line.line}>
              {t("evaluations.cases.line", { line: line.line, reason: line.reason })}
            </Text>
          ))}
        </Stack>
      )}
    </Alert>
  );
}

function Generation({ set }: { set: TestSet }) {
  const { t } = useTranslation();
  const work = set.generation;
  if (!work || (!work.is_running && !work.reason)) return null;
  const said = { done: work.done, total: work.total };
  return (
    <Alert variant="light" color={work.is_running ? "accent" : "yellow"} title={t(work.is_running ? "evaluations.cases.writing" : "evaluations.cases.written", said)}>
      {work.reason || <Progress value={(100 * work.done) / Math.max(1, work.total)} size={4} aria-label={t("evaluations.cases.writing", said)} />}
    </Alert>
  );
}

function Cases({ set, onEdit, empty }: { set: TestSet; onEdit: (edited: Case) => void; empty: React.ReactNode }) {
  const { t } = useTranslation();
  const may = useMay();
  const cases = useCases(set.id, set.generation?.is_running ?? false);
  const list = cases.data?.pages.flatMap((page) => page.results) ?? [];
  if (cases.isPending) return <RowsSkeleton />;
  if (cases.isError) return <ErrorState error={cases.error} onRetry={() => void cases.refetch()} />;
  if (list.length === 0) return <EmptyState icon={IconListCheck} title={t("evaluations.cases.emptyTitle")} text={t("evaluations.cases.emptyText")} action={empty} />;
  return (
    <>
      <Table.ScrollContainer minWidth={320}>
        <Table verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("evaluations.cases.query")}</Table.Th>
              <Table.Th>{t("evaluations.cases.expected")}</Table.Th>
              <Table.Th w={84} aria-label={t("evaluations.cases.actions")} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.map((each) => (
              <CaseRow key={each.id} setId={set.id} each={each} onEdit={may.edit ? () => onEdit(each) : undefined} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {cases.hasNextPage && (
        <Center>
          <Button variant="default" loading={cases.isFetchingNextPage} onClick={() => void cases.fetchNextPage()}>
            {t("common.loadMore")}
          </Button>
        </Center>
      )}
    </>
  );
}

function CaseRow({ setId, each, onEdit }: { setId: string; each: Case; onEdit?: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.delete(`/test-sets/${setId}/cases/${each.id}`),
    onSuccess: () => Promise.all([client.invalidateQueries({ queryKey: ["evaluation-cases", setId] }), client.invalidateQueries({ queryKey: ["evaluation-sets"] })]),
    onError: notifyError,
  });
  const inputs = Object.entries(each.inputs ?? {});
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <Text size="sm" className="clamp-2">
          {each.query}
        </Text>
        {inputs.length > 0 && (
          <Text size="xs" c="dimmed" className="clamp-2">
            {inputs.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" · ")}
          </Text>
        )}
      </Table.Td>
      <Table.Td style={{ overflowWrap: "anywhere" }}>
        <Text size="sm" className="clamp-2">
          {each.expected}
        </Text>
        <Text size="xs" c="dimmed">
          {[...(each.expected_sources ?? []), ...(each.expected_tools ?? []).map((tool) => tool.name)].join(" · ")}
        </Text>
      </Table.Td>
      <Table.Td>
        {onEdit && (
          <Group gap={2} wrap="nowrap">
            <Tooltip label={t("common.edit")}>
              <ActionIcon variant="subtle" color="gray" onClick={onEdit} aria-label={t("common.edit")}>
                <IconPencil size={16} />
              </ActionIcon>
            </Tooltip>
            <Tooltip label={t("common.delete")}>
              <ActionIcon variant="subtle" color="gray" loading={remove.isPending} onClick={() => remove.mutate()} aria-label={t("common.delete")}>
                <IconTrash size={16} />
              </ActionIcon>
            </Tooltip>
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function DeleteSet({ set }: { set: TestSet }) {
  const { t } = useTranslation();
  return (
    <DeleteButton
      label={t("evaluations.sets.delete")}
      text={t("evaluations.sets.deleteText", { name: set.name, count: set.case_count })}
      remove={() => api.delete(`/test-sets/${set.id}`)}
      list="evaluations/sets"
      oneKey={["evaluation-sets", set.id]}
      listKey={["evaluation-sets"]}
    />
  );
}
