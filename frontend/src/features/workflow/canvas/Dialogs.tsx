/** Small windows over the canvas: find a node, draw an edge by keyboard, the list of keys. */
import { Group, Kbd, Modal, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useReactFlow } from "@xyflow/react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { glide } from "@/shared/ui/motion";
import { canConnect, connect } from "../graph/edit";
import { handlesOf } from "../graph/handles";
import { isInnerStart, isNote, kindOf, nodeById, titleOf, type Graph, type GraphNode } from "../graph/model";
import { graphNow } from "../store/builder";
import { useBuilder, useBuilderStore } from "../store/BuilderContext";
import { useWords } from "../words";
import classes from "./canvas.module.css";
import { KindIcon } from "./kindIcons";
import { closeBuilderPanel, usePanels } from "./panels";

export function useShowNode() {
  const store = useBuilderStore();
  const { fitView } = useReactFlow();
  return (id: string) => {
    store.getState().select([id]);
    void fitView({ nodes: [{ id }], duration: glide(200), maxZoom: 1.1, padding: 0.6 });
  };
}

export function Dialogs() {
  const { t } = useTranslation();
  const open = usePanels((state) => state.open);
  return (
    <>
      <Modal opened={open === "search"} onClose={closeBuilderPanel} title={t("workflow.tools.search")}>
        <FindNode />
      </Modal>
      <Modal opened={open === "connect"} onClose={closeBuilderPanel} title={t("workflow.connectTo")}>
        <ConnectNode />
      </Modal>
      <Modal opened={open === "help"} onClose={closeBuilderPanel} title={t("workflow.tools.keys")} size="md">
        <Keys />
      </Modal>
    </>
  );
}

interface Choice {
  id: string;
  node: GraphNode;
  note?: string;
  take: () => void;
}

function FindNode() {
  const graph = useBuilder(graphNow);
  const show = useShowNode();
  const words = useWords();
  const choices = graph.nodes
    .filter((node) => !isNote(node) && !isInnerStart(node))
    .map((node): Choice => ({ id: node.id, node, note: words.kind(kindOf(node)), take: () => show(node.id) }));
  return <ChoiceList choices={choices} />;
}

function connections(graph: Graph, source: string) {
  const node = nodeById(graph, source);
  return (node ? handlesOf(node) : []).flatMap((handle, index) =>
    graph.nodes.filter((target) => canConnect(graph, { source, sourceHandle: handle.id, target: target.id })).map((target) => ({ handle, index, target })),
  );
}

function ConnectNode() {
  const store = useBuilderStore();
  const graph = useBuilder(graphNow);
  const focusId = useBuilder((state) => state.focusId) ?? "";
  const words = useWords();
  const choices = connections(graph, focusId).map(
    ({ handle, index, target }): Choice => ({
      id: `${handle.id} ${target.id}`,
      node: target,
      note: handle.role === "out" ? "" : words.handle(handle, index),
      take: () => store.getState().change((now) => connect(now, { source: focusId, sourceHandle: handle.id, target: target.id })),
    }),
  );
  return <ChoiceList choices={choices} />;
}

function ChoiceList({ choices }: { choices: Choice[] }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const [active, setActive] = useState(0);
  const found = choices.filter(({ node, note }) => `${titleOf(node)} ${node.id} ${note ?? ""}`.toLowerCase().includes(search.trim().toLowerCase()));
  const take = (choice: Choice | undefined) => {
    if (!choice) return;
    closeBuilderPanel();
    choice.take();
  };
  return (
    <Stack gap="xs">
      <TextInput
        leftSection={<IconSearch size={15} />}
        aria-label={t("workflow.tools.search")}
        data-autofocus
        value={search}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") take(found[active]);
          else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            setActive((now) => (now + (event.key === "ArrowDown" ? 1 : found.length - 1)) % Math.max(1, found.length));
          }
        }}
      />
      <div style={{ maxHeight: 360, overflowY: "auto" }}>
        {found.length === 0 && (
          <Text size="sm" c="dimmed" p="xs">
            {t("workflow.noNodeFound")}
          </Text>
        )}
        {found.map((choice, index) => (
          <UnstyledButton key={choice.id} className={classes.pickerItem} data-active={index === active || undefined} onClick={() => take(choice)}>
            <KindIcon kind={kindOf(choice.node)} size={24} />
            <Text size="sm" flex={1} truncate>
              {titleOf(choice.node)}
            </Text>
            <Text size="xs" c="dimmed">
              {choice.note}
            </Text>
          </UnstyledButton>
        ))}
      </div>
    </Stack>
  );
}

const KEYS = [
  ["add", ["A"]],
  ["connect", ["C"]],
  ["reach", ["Tab", "Enter"]],
  ["move", ["←", "↑", "→", "↓"]],
  ["remove", ["Delete"]],
  ["copy", ["⌘C", "⌘X", "⌘V"]],
  ["duplicate", ["⌘D"]],
  ["all", ["⌘A"]],
  ["several", ["⇧"]],
  ["undo", ["⌘Z", "⌘⇧Z"]],
  ["arrange", ["L"]],
  ["fit", ["0"]],
  ["zoom", ["−", "="]],
  ["search", ["⌘F"]],
  ["run", ["⌘↵"]],
] as const;

function Keys() {
  const { t } = useTranslation();
  return (
    <Stack gap={6}>
      {KEYS.map(([name, keys]) => (
        <Group key={name} justify="space-between" wrap="nowrap">
          <Text size="sm">{t(`workflow.keys.${name}`)}</Text>
          <Group gap={4} wrap="nowrap">
            {keys.map((key) => (
              <Kbd key={key} size="xs">
                {key}
              </Kbd>
            ))}
          </Group>
        </Group>
      ))}
      <Text size="xs" c="dimmed">
        {t("workflow.keys.command")}
      </Text>
    </Stack>
  );
}
