/** What the visitor had the form do before, newest first. */
import { Button, Skeleton, Stack, Text, UnstyledButton } from "@mantine/core";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Page } from "@/shared/api/types";
import { RelativeTime } from "@/shared/ui/bits";
import type { VisitorRun } from "../api";
import classes from "../published.module.css";
import { errorWords } from "../words";

interface PastRunsProps {
  runs: UseInfiniteQueryResult<InfiniteData<Page<VisitorRun>>>;
  current: string | null;
  onOpen: (id: string) => void;
}

function nameOf(run: VisitorRun): string {
  const words = Object.values(run.inputs).filter((value) => typeof value === "string" && value.trim() !== "");
  return words.length > 0 ? words.join(" · ") : run.id.slice(0, 8);
}

export function PastRuns({ runs, current, onOpen }: PastRunsProps) {
  const { t } = useTranslation();
  if (runs.isPending) return <Stack gap={6}>{[1, 2, 3].map((each) => <Skeleton key={each} height={44} />)}</Stack>;
  if (runs.isError) return <Text size="sm" c="dimmed" px={10}>{errorWords(t, runs.error)}</Text>;
  const rows = runs.data.pages.flatMap((page) => page.results);
  return (
    <>
      {rows.length === 0 && (
        <Text size="sm" c="dimmed" px={10}>
          {t("published.noneYet")}
        </Text>
      )}
      <ul className={classes.rows}>
        {rows.map((run) => (
          <li key={run.id} className={classes.row} data-current={run.id === current || undefined}>
            <UnstyledButton className={classes.rowName} onClick={() => onOpen(run.id)} aria-current={run.id === current ? "page" : undefined}>
              <Text size="sm" truncate>
                {nameOf(run)}
              </Text>
              <Text size="xs" c="dimmed">
                <RelativeTime at={run.created_at} />
              </Text>
            </UnstyledButton>
          </li>
        ))}
      </ul>
      {runs.hasNextPage && (
        <Button size="xs" variant="subtle" color="gray" loading={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
          {t("common.loadMore")}
        </Button>
      )}
    </>
  );
}
