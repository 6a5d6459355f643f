/** The kinds of nodes to choose from: type to search, arrows and Enter to take; in the palette they can be dragged. */
import { ActionIcon, Text, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { IconSearch, IconX } from "@tabler/icons-react";
import { useMemo, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { CATEGORIES, categoryOf, isOffered } from "../graph/kinds";
import { graphNow } from "../store/builder";
import { useAround, useBuilder } from "../store/BuilderContext";
import { useWords } from "../words";
import classes from "./canvas.module.css";
import { KindIcon } from "./kindIcons";

export const DRAG_TYPE = "application/x-atelier-node";

interface NodePickerProps {
  onPick: (kind: string) => void;
  onClose?: () => void;
  parentKind?: string;
  /** Only what something can lead into. */
  behind?: boolean;
  draggable?: boolean;
  autoFocus?: boolean;
}

export function NodePicker({ onPick, onClose, parentKind = "", behind = false, draggable = false, autoFocus = false }: NodePickerProps) {
  const { t } = useTranslation();
  const words = useWords();
  const { types, chatflow } = useAround();
  const graph = useBuilder(graphNow);
  const [search, setSearch] = useState("");
  const [active, setActive] = useState(0);
  const groups = useMemo(() => {
    const wanted = search.trim().toLowerCase();
    const offered = [...types.keys()].filter((kind) => isOffered(kind, graph, chatflow, parentKind) && !(behind && (kind === "start" || kind.startsWith("trigger-"))));
    const found = offered.filter((kind) => `${words.kind(kind)} ${kind} ${words.hint(kind)}`.toLowerCase().includes(wanted));
    return CATEGORIES.map((category) => ({ category, kinds: found.filter((kind) => categoryOf(kind) === category) })).filter((group) => group.kinds.length > 0);
  }, [types, graph, chatflow, parentKind, behind, search, words]);
  const flat = groups.flatMap((group) => group.kinds);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onClose?.();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setActive((now) => (now + (event.key === "ArrowDown" ? 1 : flat.length - 1)) % Math.max(1, flat.length));
    } else if (event.key === "Enter") {
      const kind = flat[active];
      if (kind) onPick(kind);
      event.preventDefault();
    }
  };
  return (
    <>
      <TextInput
        m="xs"
        size="xs"
        leftSection={<IconSearch size={14} />}
        rightSection={
          onClose && (
            <ActionIcon size="xs" variant="subtle" onClick={onClose} aria-label={t("common.cancel")}>
              <IconX size={12} />
            </ActionIcon>
          )
        }
        placeholder={t("workflow.searchKinds")}
        aria-label={t("workflow.searchKinds")}
        value={search}
        data-autofocus={autoFocus || undefined}
        autoFocus={autoFocus}
        onChange={(event) => {
          setSearch(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className={classes.pickerList}>
        {flat.length === 0 && (
          <Text size="sm" c="dimmed" p="xs">
            {t("workflow.noKindFound")}
          </Text>
        )}
        {groups.map(({ category, kinds }) => (
          <div key={category} role="group" aria-label={t(`workflow.categories.${category}`)}>
            <Text size="xs" c="dimmed" fw={500} px={8} pt={10} pb={4}>
              {t(`workflow.categories.${category}`)}
            </Text>
            {kinds.map((kind) => (
              <Tooltip key={kind} label={words.hint(kind)} position="right" multiline maw={260} openDelay={500}>
                <UnstyledButton
                  className={classes.pickerItem}
                  data-active={(!draggable || search !== "") && flat[active] === kind ? true : undefined}
                  draggable={draggable}
                  onDragStart={(event) => {
                    event.dataTransfer.setData(DRAG_TYPE, kind);
                    event.dataTransfer.effectAllowed = "move";
                  }}
                  onClick={() => onPick(kind)}
                >
                  <KindIcon kind={kind} size={24} />
                  <Text size="sm" truncate>
                    {words.kind(kind)}
                  </Text>
                </UnstyledButton>
              </Tooltip>
            ))}
          </div>
        ))}
      </div>
    </>
  );
}
