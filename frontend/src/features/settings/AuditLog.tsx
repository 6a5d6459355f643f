/** Who changed what in this workspace, newest first. */
import { Button, Center, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { AuditEntry, Page } from "@/shared/api/types";
import { RelativeTime } from "@/shared/ui/bits";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";

function inWords(value: AuditEntry["target"]): string {
  if (value === null) return "";
  return typeof value === "string" ? value : Object.values(value).filter((part) => typeof part !== "object").join(" · ");
}

export function AuditLog() {
  const { t } = useTranslation();
  const audit = useInfiniteQuery({
    queryKey: ["audit"],
    queryFn: ({ pageParam }) => api.get<Page<AuditEntry>>("/audit", { cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  const list = audit.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <Paper p="lg">
      <Stack>
        <Title order={2}>{t("settings.sections.audit")}</Title>
        {audit.isPending && <RowsSkeleton />}
        {audit.isError && <ErrorState error={audit.error} onRetry={() => void audit.refetch()} />}
        {audit.data && list.length === 0 && <Text c="dimmed">{t("settings.auditEmpty")}</Text>}
        {list.length > 0 && (
          <Table.ScrollContainer minWidth={560}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("settings.when")}</Table.Th>
                  <Table.Th>{t("settings.who")}</Table.Th>
                  <Table.Th>{t("settings.action")}</Table.Th>
                  <Table.Th>{t("settings.target")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {list.map((entry) => (
                  <Table.Tr key={entry.id}>
                    <Table.Td>
                      <RelativeTime at={entry.at} />
                    </Table.Td>
                    <Table.Td>{entry.actor?.email ?? "–"}</Table.Td>
                    <Table.Td className="mono">{entry.action}</Table.Td>
                    <Table.Td maw={260} style={{ overflowWrap: "anywhere" }}>
                      {[inWords(entry.target), inWords(entry.detail)].filter(Boolean).join(" · ")}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
        {audit.hasNextPage && (
          <Center>
            <Button variant="default" loading={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
              {t("common.loadMore")}
            </Button>
          </Center>
        )}
      </Stack>
    </Paper>
  );
}
