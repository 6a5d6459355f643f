/** Who changed what in this workspace, newest first; the filters stand in the address. */
import { Button, Center, Paper, Stack, Text, Title } from "@mantine/core";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { api, apiUrl } from "@/shared/api/client";
import type { AuditEntry, Page } from "@/shared/api/types";
import { useWorkspace } from "@/shared/api/workspace";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { AuditEntries } from "./AuditEntries";
import { AuditFilterRow } from "./AuditFilterRow";
import { filtersOf, queryOf, type AuditFilters } from "./auditFilters";

export function AuditLog() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const workspace = useWorkspace();
  const filters = filtersOf(search);
  const query = queryOf(filters);
  const isFiltered = Object.keys(query).length > 0;
  const audit = useInfiniteQuery({
    queryKey: ["audit", query],
    queryFn: ({ pageParam }) => api.get<Page<AuditEntry>>("/audit", { ...query, cursor: pageParam }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  const fileOf = (form: string) => apiUrl("/audit/export", { ...query, form, workspace: workspace.id });
  const change = (next: Partial<AuditFilters>) =>
    setSearch(
      (params) => {
        for (const [name, value] of Object.entries(next)) {
          if (value) params.set(name, value);
          else params.delete(name);
        }
        return params;
      },
      { replace: true },
    );
  const list = audit.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <Paper p="lg">
      <Stack>
        <Title order={2}>{t("settings.sections.audit")}</Title>
        <AuditFilterRow filters={filters} onChange={change} actions={[...new Set(list.map((entry) => entry.action))].sort()} fileOf={fileOf} />
        {audit.isPending && <RowsSkeleton />}
        {audit.isError && <ErrorState error={audit.error} onRetry={() => void audit.refetch()} />}
        {audit.data && list.length === 0 && <Text c="dimmed">{t(isFiltered ? "settings.auditNone" : "settings.auditEmpty")}</Text>}
        {list.length > 0 && <AuditEntries list={list} />}
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
