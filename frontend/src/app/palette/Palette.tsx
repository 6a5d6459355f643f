/** ⌘K: one field that goes to anything, makes, runs and switches. A combobox with a list box, as screen readers know it. */
import { Group, Kbd, Loader, Modal, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { sectionsOf } from "./match";
import classes from "./palette.module.css";
import { usePalette } from "./store";
import { useCommands, type Command } from "./useCommands";

export function Palette() {
  const { t } = useTranslation();
  const open = usePalette((state) => state.open === "palette");
  const show = usePalette((state) => state.show);
  return (
    <Modal.Root opened={open} onClose={() => show(null)} size={620} yOffset="12vh" centered={false} transitionProps={{ duration: 100 }}>
      <Modal.Overlay backgroundOpacity={0.35} />
      <Modal.Content aria-label={t("palette.title")}>
        <Modal.Body p={0}>
          <Finder onDone={() => show(null)} />
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

function Finder({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const listId = useId();
  const box = useRef<HTMLDivElement>(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const { recent, remember } = usePalette();
  const { commands, isLoading } = useCommands(typed);
  const sections = useMemo(() => sectionsOf(commands, typed, recent), [commands, typed, recent]);
  const flat = sections.flatMap((section) => section.commands);
  const chosen = Math.min(at, flat.length - 1);

  useEffect(() => {
    // Absent in the DOM of tests.
    box.current?.querySelector("[aria-selected=true]")?.scrollIntoView?.({ block: "nearest" });
  }, [chosen, sections]);

  const choose = (command: Command | undefined) => {
    if (!command) return;
    remember(command.id);
    onDone();
    command.act();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const last = flat.length - 1;
    const next = { ArrowDown: chosen >= last ? 0 : chosen + 1, ArrowUp: chosen <= 0 ? last : chosen - 1, PageDown: Math.min(chosen + 8, last), PageUp: Math.max(chosen - 8, 0) }[event.key];
    if (event.key === "Enter" && !event.nativeEvent.isComposing) choose(flat[chosen]);
    else if (next === undefined) return;
    else setAt(next);
    event.preventDefault();
  };
  return (
    <>
      <TextInput
        data-autofocus
        size="lg"
        variant="unstyled"
        className={classes.field}
        leftSection={<IconSearch size={18} aria-hidden />}
        rightSection={isLoading ? <Loader size="xs" /> : null}
        placeholder={t("palette.placeholder")}
        aria-label={t("palette.placeholder")}
        role="combobox"
        aria-expanded={flat.length > 0}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={flat[chosen] ? `${listId}-${chosen}` : undefined}
        autoComplete="off"
        spellCheck={false}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div ref={box} id={listId} role="listbox" aria-label={t("palette.title")} className={classes.list}>
        {sections.map((section) => (
          <div key={section.group} role="group" aria-label={t(`palette.groups.${section.group}`)}>
            <div className={classes.group} aria-hidden>
              {t(`palette.groups.${section.group}`)}
            </div>
            {section.commands.map((command) => {
              const here = flat.indexOf(command);
              return <Option key={command.id} id={`${listId}-${here}`} command={command} selected={here === chosen} onPoint={() => setAt(here)} onChoose={() => choose(command)} />;
            })}
          </div>
        ))}
      </div>
      {flat.length === 0 && !isLoading && (
        <Text c="dimmed" p="lg" ta="center">
          {t("palette.nothing")}
        </Text>
      )}
      <div className="visually-hidden" role="status">
        {typed && t("palette.found", { count: flat.length })}
      </div>
      <Group className={classes.foot} gap="lg" visibleFrom="xs">
        {(["move", "choose", "leave"] as const).map((key) => (
          <Group key={key} gap={6}>
            <Kbd size="xs">{{ move: "↑↓", choose: "↵", leave: "Esc" }[key]}</Kbd>
            <Text size="xs" c="dimmed">
              {t(`palette.foot.${key}`)}
            </Text>
          </Group>
        ))}
      </Group>
    </>
  );
}

interface OptionProps {
  id: string;
  command: Command;
  selected: boolean;
  onPoint: () => void;
  onChoose: () => void;
}

function Option({ id, command, selected, onPoint, onChoose }: OptionProps) {
  const Glyph = command.icon;
  return (
    // Focus stays in the field, which names the chosen option: a click must not take it away before it acts.
    <div id={id} role="option" aria-selected={selected} className={classes.option} onMouseMove={selected ? undefined : onPoint} onMouseDown={(event) => event.preventDefault()} onClick={onChoose}>
      <Glyph size={18} stroke={1.7} aria-hidden />
      <span className={classes.label}>{command.label}</span>
      {command.hint && <span className={classes.hint}>{command.hint}</span>}
    </div>
  );
}
