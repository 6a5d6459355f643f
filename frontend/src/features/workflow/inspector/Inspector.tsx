/** The chosen node: its settings, and what it did in the run that is shown. On a narrow screen a sheet. */
import { ActionIcon, Drawer, Menu, Tabs, Text, Tooltip } from "@mantine/core";
import { IconCopy, IconDots, IconPlayerPlay, IconPlayerTrackNext, IconTrash, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import classes from "../builder.module.css";
import { KindIcon } from "../canvas/kindIcons";
import { duplicate } from "../graph/copy";
import { removeNodes, updateData } from "../graph/edit";
import { isInnerStart, isNote, kindOf, nodeById, titleOf, type GraphNode } from "../graph/model";
import { useRunState } from "../run/RunContext";
import { useRunActions } from "../run/useRunActions";
import { graphNow } from "../store/builder";
import { useBuilder, useBuilderStore } from "../store/BuilderContext";
import { useWords } from "../words";
import { CommitInput } from "./inputs";
import { LastRun } from "./LastRun";
import { SettingsTab } from "./SettingsTab";

export function Inspector({ narrow }: { narrow: boolean }) {
  const shownId = useBuilder((state) => state.inspectedId);
  const node = useBuilder((state) => (shownId ? nodeById(graphNow(state), shownId) : undefined));
  const select = useBuilder((state) => state.select);
  const { t } = useTranslation();
  if (!node || isNote(node) || isInnerStart(node)) return null;
  const body = <Body key={node.id} node={node} />;
  if (!narrow) return <aside className={classes.inspector} aria-label={t("workflow.inspector")}>{body}</aside>;
  return (
    <Drawer opened onClose={() => select([])} position="bottom" size="70%" withCloseButton={false} padding={0} title={null} aria-label={titleOf(node)}>
      {body}
    </Drawer>
  );
}

function Body({ node }: { node: GraphNode }) {
  const { t } = useTranslation();
  const [tab, setTab] = useState<string | null>("settings");
  return (
    <>
      <Head node={node} />
      <Tabs value={tab} onChange={setTab} keepMounted={false} style={{ display: "contents" }}>
        <Tabs.List px="md">
          <Tabs.Tab value="settings">{t("workflow.settings")}</Tabs.Tab>
          <Tabs.Tab value="last">{t("workflow.lastRun")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="settings" className={classes.inspectorBody}>
          <SettingsTab node={node} />
        </Tabs.Panel>
        <Tabs.Panel value="last" className={classes.inspectorBody}>
          <LastRun node={node} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function Head({ node }: { node: GraphNode }) {
  const { t } = useTranslation();
  const words = useWords();
  const store = useBuilderStore();
  const editable = useBuilder((state) => state.editable);
  const { runFrom, runAlone } = useRunActions();
  const hasRun = useRunState((state) => Boolean(state.run?.runId));
  const { change, select } = store.getState();
  const copy = () => {
    let ids: string[] = [];
    change((graph) => {
      const pasted = duplicate(graph, [node.id]);
      ({ ids } = pasted);
      return pasted.graph;
    });
    select(ids);
  };
  return (
    <div className={classes.inspectorHead}>
      <KindIcon kind={kindOf(node)} size={30} />
      <div style={{ flex: 1, minWidth: 0 }}>
        <CommitInput className={classes.titleInput} aria-label={t("workflow.nodeTitle")} value={titleOf(node)} disabled={!editable} onCommit={(title) => title && change((graph) => updateData(graph, node.id, { title }))} />
        <Text size="xs" c="dimmed" pl={7} lineClamp={2}>
          {words.hint(kindOf(node)) || words.kind(kindOf(node))}
        </Text>
      </div>
      {editable && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" aria-label={t("workflow.nodeActions")}>
              <IconDots size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconPlayerPlay size={15} />} onClick={() => void runAlone(node.id)}>
              {t("workflow.run.alone")}
            </Menu.Item>
            <Menu.Item leftSection={<IconPlayerTrackNext size={15} />} disabled={!hasRun} onClick={() => void runFrom(node.id)}>
              {t("workflow.run.fromHere")}
            </Menu.Item>
            <Menu.Item leftSection={<IconCopy size={15} />} onClick={copy}>
              {t("workflow.duplicate")}
            </Menu.Item>
            <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => change((graph) => removeNodes(graph, [node.id]), undefined, [])}>
              {t("common.delete")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      <Tooltip label={t("workflow.close")}>
        <ActionIcon variant="subtle" onClick={() => select([])} aria-label={t("workflow.close")}>
          <IconX size={17} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
