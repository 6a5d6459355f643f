/** The run below the canvas: what is asked, the steps as they happen, what came out. */
import { ActionIcon, Anchor, Button, Group, SegmentedControl, Text, Tooltip } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconRefresh, IconX } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import type { Json } from "@/shared/api/types";
import { useMay, useRoute } from "@/shared/api/workspace";
import { formatDuration } from "@/shared/format/numbers";
import { notifyError } from "@/shared/ui/notify";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import classes from "../builder.module.css";
import { closeBuilderPanel, usePanels } from "../canvas/panels";
import { useBuilderApp } from "../store/BuilderContext";
import { Conversation, Result } from "./Conversation";
import { InputForm } from "./InputForm";
import { useRunState, useRunStore } from "./RunContext";
import type { Step } from "./runModel";
import { StepDetail } from "./StepDetail";
import { StepList } from "./StepList";
import { useRunActions } from "./useRunActions";

const NO_STEPS: ReadonlyMap<string, Step> = new Map();
type Pane = "ask" | "steps" | "result";

export function RunDrawer({ narrow }: { narrow: boolean }) {
  const { t } = useTranslation();
  const may = useMay();
  const open = usePanels((state) => state.open === "run");
  const [pane, setPane] = useState<Pane>("ask");
  const [height, setHeight] = useLocalStorage({ key: "atelier-run-drawer", defaultValue: 340 });
  useReplayFromAddress();
  if (!open || !may.edit) return null;
  const resize = (event: React.PointerEvent) => {
    const from = event.clientY + height;
    const move = (next: PointerEvent) => setHeight(Math.max(180, Math.min(window.innerHeight - 220, from - next.clientY)));
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
  };
  return (
    <section className={classes.drawer} style={narrow ? undefined : { height }} aria-label={t("workflow.run.title")}>
      {!narrow && <div className={classes.grip} onPointerDown={resize} aria-hidden />}
      <DrawerHead />
      {narrow && (
        <SegmentedControl
          m="xs"
          size="xs"
          value={pane}
          onChange={(next) => setPane(next as Pane)}
          aria-label={t("workflow.run.title")}
          data={[
            { value: "ask", label: t("workflow.run.ask") },
            { value: "steps", label: t("workflow.run.steps") },
          ]}
        />
      )}
      <div className={classes.drawerBody}>
        {(!narrow || pane === "ask") && <Ask />}
        {(!narrow || pane === "steps") && <Steps />}
      </div>
    </section>
  );
}

/** A link to a logged run (`?replay=<id>`) runs it again on the draft. */
function useReplayFromAddress() {
  const { replay } = useRunActions();
  const [search, setSearch] = useSearchParams();
  const wanted = search.get("replay");
  useEffect(() => {
    if (!wanted) return;
    setSearch(
      (params) => {
        params.delete("replay");
        return params;
      },
      { replace: true },
    );
    void replay(wanted);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the address alone says when
  }, [wanted]);
}

function DrawerHead() {
  const { t } = useTranslation();
  const route = useRoute();
  const app = useBuilderApp();
  const run = useRunState((state) => state.run);
  const live = useRunState((state) => state.live);
  const { replay } = useRunActions();
  const clear = useRunState((state) => state.clear);
  const close = () => {
    closeBuilderPanel();
    if (!live) clear();
  };
  return (
    <div className={classes.drawerHead}>
      <Group gap="md" wrap="nowrap" miw={0}>
        <Text fw={600} size="sm">
          {t("workflow.run.title")}
        </Text>
        {run && <StatusBadge status={run.status} />}
        {run?.elapsedMs != null && (
          <Text size="sm" c="dimmed" className="numbers">
            {formatDuration(run.elapsedMs)}
          </Text>
        )}
        {run?.runId && !live && (
          <Anchor size="sm" component={Link} to={route(`apps/${app.id}/runs/${run.runId}`)} visibleFrom="sm">
            {t("build.trace")}
          </Anchor>
        )}
      </Group>
      <Group gap={4} wrap="nowrap">
        {run?.runId && !live && (
          <Button size="compact-xs" variant="subtle" leftSection={<IconRefresh size={14} />} onClick={() => run.runId && void replay(run.runId)}>
            {t("workflow.run.again")}
          </Button>
        )}
        <Tooltip label={t("workflow.close")}>
          <ActionIcon variant="subtle" onClick={close} aria-label={t("workflow.close")}>
            <IconX size={16} />
          </ActionIcon>
        </Tooltip>
      </Group>
    </div>
  );
}

function Ask() {
  const app = useBuilderApp();
  const store = useRunStore();
  const live = useRunState((state) => state.live);
  const { runDraft } = useRunActions();
  const chatflow = app.mode === "chatflow";
  const run = (inputs: Record<string, Json>, query: string) => {
    const conversation = chatflow ? store.getState().run?.conversationId : "";
    void runDraft({ inputs, ...(chatflow ? { query } : {}), ...(conversation ? { conversation_id: conversation } : {}) });
  };
  const stop = () => void store.getState().stop().catch(notifyError);
  return (
    <div>
      {chatflow ? <Conversation /> : null}
      <InputForm chatflow={chatflow} live={live} onRun={run} onStop={stop} />
      {!chatflow && <Result />}
    </div>
  );
}

function Steps() {
  const steps = useRunState((state) => state.run?.steps ?? NO_STEPS);
  const [path, setPath] = useState<string | null>(null);
  const { t } = useTranslation();
  const list = [...steps.values()];
  const failed = list.findLast((step) => step.status === "failed");
  const shown = steps.get(path ?? "") ?? failed ?? list.at(-1);
  return (
    <>
      <div>
        {list.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("workflow.run.empty")}
          </Text>
        ) : (
          <StepList steps={list} chosen={shown?.path ?? ""} onChoose={setPath} />
        )}
      </div>
      <div>{shown && <StepDetail step={shown} />}</div>
    </>
  );
}
