/** Two to four variants of the app side by side: one question for all, answers as they come. */
import { ActionIcon, Collapse, Group, Paper, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconChevronRight, IconPlus, IconRefresh } from "@tabler/icons-react";
import { useCallback, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { App } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import { useVersions } from "@/shared/draft/useVersions";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import classes from "../build.module.css";
import { Composer } from "../preview/Composer";
import { inputsFor, missingInputs, VariableInputs, type Inputs } from "../preview/VariableInputs";
import { ColumnHead } from "./ColumnHead";
import { baseOf, isChanged, MAX_COLUMNS, requestOf, variablesOf, variantOf, withColumn, withoutColumn, type Column, type ColumnKey } from "./columns";
import { ConversationThread, RunThread, type Thread } from "./threads";
import { useLiveCount } from "./useLiveCount";

interface ComparePreviewProps {
  app: App;
  columns: Column[];
  change: (next: (columns: Column[]) => Column[]) => void;
  compare: ReactNode;
}

export function ComparePreview({ app, columns, change, compare }: ComparePreviewProps) {
  const { t } = useTranslation();
  const draft = useDraft((state) => state.draft);
  const edit = useDraft((state) => state.edit);
  const flush = useDraft((state) => state.flush);
  const versions = useVersions(app.id).data ?? [];
  const threads = useRef(new Map<ColumnKey, Thread>());
  const register = useCallback((key: ColumnKey, thread: Thread | null) => {
    if (thread) threads.current.set(key, thread);
    else threads.current.delete(key);
  }, []);
  const [question, setQuestion] = useState("");
  const [filled, setFilled] = useState<Inputs>({});
  const { live, during } = useLiveCount();
  const isChat = app.mode !== "completion";
  const put = useCallback((key: ColumnKey, next: Partial<Column>) => change((now) => now.map((column) => (column.key === key ? { ...column, ...next } : column))), [change]);

  const asks = columns.map((column) => ({ column, base: baseOf(column, draft, versions) }));
  const variables = variablesOf(asks.map(({ base }) => base));
  const missing = missingInputs(variables, filled);
  const ready = asks.every(({ base }) => base !== null) && missing.length === 0 && !live;

  const ask = async () => {
    if (!ready || (isChat && !question.trim())) return;
    const query = question.trim();
    try {
      await flush();
    } catch (reason) {
      notifyError(reason);
      return;
    }
    setQuestion("");
    const sent = asks.flatMap(({ column, base }) => {
      const thread = threads.current.get(column.key);
      return base && thread ? [thread.send(query, inputsFor(base.variables, filled), requestOf(column, base))] : [];
    });
    await during(Promise.all(sent));
  };
  const each = (act: (thread: Thread) => unknown) => threads.current.forEach((thread) => act(thread));
  const take = (column: Column) => {
    const base = baseOf(column, draft, versions);
    if (!base) return;
    edit(column.base === "draft" ? { model: variantOf(column, base).model, prompt: variantOf(column, base).prompt } : variantOf(column, base));
    put(column.key, { base: "draft", model: undefined, parameters: undefined, prompt: undefined });
    notifyDone(t("build.columnTaken", { column: column.key }));
  };

  return (
    <>
      <div className={classes.previewHead}>
        <Group gap="md" wrap="nowrap">
          <Text fw={600}>{t("build.preview")}</Text>
          {compare}
        </Group>
        <Group gap={4} wrap="nowrap">
          <Tooltip label={t("build.compareAgain")}>
            <ActionIcon variant="subtle" className={classes.quiet} onClick={() => each((thread) => thread.clear())} disabled={live} aria-label={t("build.compareAgain")}>
              <IconRefresh size={17} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={t("build.columnAdd")}>
            <ActionIcon variant="subtle" className={classes.quiet} onClick={() => change(withColumn)} disabled={columns.length >= MAX_COLUMNS} aria-label={t("build.columnAdd")}>
              <IconPlus size={17} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </div>
      <div className={classes.columns} style={{ "--columns": columns.length } as React.CSSProperties}>
        {asks.map(({ column, base }) => {
          const Body = isChat ? ConversationThread : RunThread;
          return (
            <section key={column.key} className={classes.column} aria-label={t("build.column", { column: column.key })}>
              <ColumnHead
                column={column}
                base={base}
                versions={versions}
                onChange={(next) => put(column.key, next)}
                onTake={() => take(column)}
                onRemove={columns.length > 2 ? () => change((now) => withoutColumn(now, column.key)) : undefined}
              />
              <ColumnBody Body={Body} app={app} column={column} put={put} register={register} />
            </section>
          );
        })}
      </div>
      {variables.length > 0 && (
        <SharedInputs open={missing.length > 0}>
          <VariableInputs variables={variables} values={filled} onChange={setFilled} />
        </SharedInputs>
      )}
      <Composer
        value={question}
        onChange={setQuestion}
        onSend={() => void ask()}
        onStop={() => each((thread) => void thread.stop().catch(notifyError))}
        live={live}
        missing={missing}
        withoutText={!isChat}
      />
      {columns.every((column) => column.base === "draft" && !isChanged(column)) && (
        <Text size="xs" c="dimmed" ta="center" pb="sm" px="md">
          {t("build.compareSame")}
        </Text>
      )}
    </>
  );
}

interface ColumnBodyProps {
  Body: typeof ConversationThread;
  app: App;
  column: Column;
  put: (key: ColumnKey, next: Partial<Column>) => void;
  register: (key: ColumnKey, thread: Thread | null) => void;
}

function ColumnBody({ Body, app, column, put, register }: ColumnBodyProps) {
  const { key } = column;
  const keep = useCallback((kept: Pick<Column, "conversation" | "run">) => put(key, kept), [key, put]);
  const thread = useCallback((made: Thread | null) => register(key, made), [key, register]);
  return <Body app={app} column={column} keep={keep} thread={thread} />;
}

/** The variables once for all columns: folded away when nothing is missing. */
function SharedInputs({ open: wanted, children }: { open: boolean; children: ReactNode }) {
  const { t } = useTranslation();
  const [toggled, setToggled] = useState<boolean | null>(null);
  const open = toggled ?? wanted;
  return (
    <div className={classes.sharedInputs}>
      <UnstyledButton onClick={() => setToggled(!open)} aria-expanded={open}>
        <Group gap={6}>
          <IconChevronRight size={14} style={{ transform: open ? "rotate(90deg)" : undefined }} aria-hidden />
          <Text size="sm" fw={500}>
            {t("build.variables")}
          </Text>
        </Group>
      </UnstyledButton>
      <Collapse expanded={open}>
        <Paper p="sm" mt="xs" mah={260} style={{ overflowY: "auto" }}>
          {children}
        </Paper>
      </Collapse>
    </div>
  );
}
