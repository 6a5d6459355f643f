/** The list as a table of a million rows, of which only those in sight are drawn; below 720 px as cards. */
import { Loader, Text } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { RunSummary } from "@/shared/api/runTypes";
import { RunCard, RunRow } from "./RunRow";
import classes from "./runs.module.css";

const ROW_PX = 38;
const CARD_PX = 76;
const OVERSCAN = 12;

interface RunTableProps {
  runs: RunSummary[];
  withApp: boolean;
  narrow: boolean;
  selected?: string;
  addressOf: (id: string) => string;
  hasMore: boolean;
  onMore: () => void;
}

export function RunTable({ runs, withApp, narrow, selected, addressOf, hasMore, onMore }: RunTableProps) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const scroller = useRef<HTMLDivElement>(null);
  const rowPx = narrow ? CARD_PX : ROW_PX;
  // eslint-disable-next-line react-hooks/incompatible-library -- this component draws again whenever the virtualiser asks
  const rows = useVirtualizer({ count: runs.length + (hasMore ? 1 : 0), getScrollElement: () => scroller.current, estimateSize: () => rowPx, overscan: OVERSCAN });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= runs.length - OVERSCAN) onMore();
  }, [hasMore, last, runs.length, onMore]);
  const before = items[0]?.start ?? 0;
  const after = rows.getTotalSize() - (items.at(-1)?.end ?? 0);
  const shown = items.flatMap((item) => runs[item.index] ?? []);
  if (narrow) {
    return (
      <div ref={scroller} className={classes.scroller}>
        <div style={{ paddingTop: before, paddingBottom: after }}>
          {shown.map((run) => (
            <RunCard key={run.id} run={run} height={CARD_PX} onOpen={() => void navigate(addressOf(run.id))} />
          ))}
          {hasMore && last >= runs.length && <Loader size="sm" />}
        </div>
      </div>
    );
  }
  return (
    <div ref={scroller} className={classes.scroller} tabIndex={0} role="region" aria-label={t("common.rooms.runs")}>
      <table className={classes.table} aria-rowcount={hasMore ? -1 : runs.length}>
        <thead>
          <tr>
            <th style={{ width: 112 }}>{t("runs.status")}</th>
            {withApp && <th style={{ width: 150 }}>{t("runs.app")}</th>}
            <th>{t("runs.question")}</th>
            <th style={{ width: 110 }}>{t("runs.source")}</th>
            <th style={{ width: 76 }} data-number>
              {t("runs.tokens")}
            </th>
            <th style={{ width: 84 }} data-number>
              {t("runs.cost")}
            </th>
            <th style={{ width: 104 }} data-number>
              {t("runs.firstToken")}
            </th>
            <th style={{ width: 84 }} data-number>
              {t("runs.time")}
            </th>
            <th style={{ width: 116 }} data-number>
              {t("runs.started")}
            </th>
          </tr>
        </thead>
        <tbody>
          {before > 0 && <tr aria-hidden style={{ height: before }} />}
          {shown.map((run) => (
            <RunRow key={run.id} run={run} to={addressOf(run.id)} withApp={withApp} selected={run.id === selected} />
          ))}
          {after > 0 && <tr aria-hidden style={{ height: after }} />}
        </tbody>
      </table>
      {hasMore && last >= runs.length && (
        <Text size="xs" c="dimmed" p="xs" role="status">
          {t("common.loading")}
        </Text>
      )}
    </div>
  );
}
