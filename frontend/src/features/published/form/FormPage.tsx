/** A form and its result: what one asked before is at the side, nothing is remembered between two runs. */
import { Button, Group, Text } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStopFilled } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JsonObject } from "@/shared/api/types";
import { useRun } from "@/shared/sse/useRun";
import { Frame } from "../Frame";
import classes from "../published.module.css";
import { useVisit } from "../SiteContext";
import { turnOfLive, turnOfRun } from "../turn";
import { TurnView } from "../TurnView";
import { useAddress } from "../useAddress";
import { Fields } from "./Fields";
import { missingInputs, sentInputs, type Filled } from "./inputs";
import { PastRuns } from "./PastRuns";

export function FormPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { api, offer, embedded } = useVisit();
  const [shownId, setShownId] = useAddress("r", null);
  const [filled, setFilled] = useState<Filled>({});
  const { run, startFrom, attach, stop, clear, live } = useRun((view) => {
    void client.invalidateQueries({ queryKey: ["site-runs", api.code] });
    if (view.runId) void client.invalidateQueries({ queryKey: ["site-run", api.code, view.runId] });
  }, api.door);
  const runs = useInfiniteQuery({
    queryKey: ["site-runs", api.code],
    queryFn: ({ pageParam }) => api.runs(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    enabled: !embedded,
  });
  const liveId = run?.view.runId ?? null;
  const wanted = shownId ?? liveId;
  const stored = useQuery({
    queryKey: ["site-run", api.code, wanted],
    queryFn: () => api.run(wanted ?? ""),
    enabled: wanted !== null && !live,
  });
  const turn = useMemo(() => {
    const isStored = stored.data && stored.data.id === wanted && (!run || run.view.runId !== stored.data.id || run.view.status === stored.data.status);
    if (isStored && !live && !run?.error) return turnOfRun(stored.data);
    return run && (shownId === null || shownId === liveId) ? turnOfLive(run, []) : null;
  }, [stored.data, wanted, run, live, shownId, liveId]);

  const missing = missingInputs(offer.variables, filled);
  const start = () => {
    setShownId(null);
    void startFrom(api.askPath, "", { inputs: sentInputs(offer.variables, filled), query: "", files: [] });
  };
  const open = (id: string | null) => {
    clear();
    setShownId(id);
    const known = runs.data?.pages.flatMap((page) => page.results).find((each) => each.id === id);
    setFilled(known ? filledFrom(known.inputs) : {});
    if (known && (known.status === "queued" || known.status === "running")) void attach(known.id, "");
  };
  return (
    <Frame
      newLabel={t("published.newResult")}
      onNew={() => open(null)}
      sideTitle={t("published.results")}
      side={(done) => (
        <PastRuns
          runs={runs}
          current={wanted}
          onOpen={(id) => {
            open(id);
            done();
          }}
        />
      )}
    >
      <div className={classes.formPage}>
        <form
          className={classes.card}
          onSubmit={(event) => {
            event.preventDefault();
            if (!live && missing.length === 0) start();
          }}
        >
          {offer.opening_text && (
            <Text size="sm" c="dimmed" mb="sm" style={{ whiteSpace: "pre-wrap" }}>
              {offer.opening_text}
            </Text>
          )}
          <Fields key={shownId ?? "new"} variables={offer.variables} values={filled} onChange={setFilled} />
          <Group justify="flex-end" mt="md">
            {live ? (
              <Button variant="light" leftSection={<IconPlayerStopFilled size={16} />} onClick={() => void stop().catch(() => undefined)}>
                {t("published.stop")}
              </Button>
            ) : (
              <Button type="submit" leftSection={<IconPlayerPlay size={16} />} disabled={missing.length > 0}>
                {t("published.run")}
              </Button>
            )}
          </Group>
        </form>
        <section className={classes.result} aria-label={t("published.result")} aria-live="polite">
          {turn ? (
            <TurnView turn={turn} last asResult onAgain={live || missing.length > 0 ? undefined : start} onAnswered={(id) => void attach(id, "")} />
          ) : (
            <Text c="dimmed" ta="center" className={classes.resultEmpty}>
              {t("published.resultEmpty")}
            </Text>
          )}
        </section>
      </div>
    </Frame>
  );
}

/** The inputs of an earlier run, as far as a form can show them again: files are chosen anew. */
function filledFrom(inputs: JsonObject): Filled {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => typeof value !== "object" || value === null));
}
