/** A section that folds: its name, one line of what it holds or is for, and what it has to say when refused. */
import { Collapse, Text, UnstyledButton } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconChevronRight, type Icon } from "@tabler/icons-react";
import { useId, type ReactNode } from "react";
import { useMay } from "@/shared/api/workspace";
import { useDraft } from "@/shared/draft/DraftContext";
import classes from "./build.module.css";

interface SectionProps {
  name: string;
  icon: Icon;
  title: string;
  summary: string;
  children: ReactNode;
  openAtFirst?: boolean;
}

/** Where it is kept whether a section is open. */
export const sectionKey = (name: string): string => `atelier-section-${name}`;

/** What the server said about the draft's fields below this path. */
export function useFieldError(path: string): string | undefined {
  const error = useDraft((state) => state.error);
  const fields = error?.fields ?? {};
  const found = Object.entries(fields).find(([field]) => field === path || field.startsWith(`${path}.`));
  return found?.[1];
}

export function Section({ name, icon: Glyph, title, summary, children, openAtFirst = false }: SectionProps) {
  const [open, setOpen] = useLocalStorage({ key: sectionKey(name), defaultValue: openAtFirst, getInitialValueInEffect: false });
  const bodyId = useId();
  const error = useFieldError(name);
  const may = useMay();
  return (
    <section className={classes.section} aria-label={title}>
      <UnstyledButton className={classes.sectionHead} onClick={() => setOpen(!open)} aria-expanded={open} aria-controls={bodyId}>
        <Glyph size={17} stroke={1.7} aria-hidden />
        <span className={classes.sectionTitle}>{title}</span>
        <Text size="sm" c={error ? "var(--danger-text)" : "dimmed"} truncate flex={1} miw={0} ta="right">
          {open ? "" : (error ?? summary)}
        </Text>
        <IconChevronRight size={16} style={{ transform: open ? "rotate(90deg)" : undefined }} aria-hidden />
      </UnstyledButton>
      <Collapse expanded={open} id={bodyId}>
        <fieldset className={classes.sectionBody} disabled={!may.edit}>
          {children}
        </fieldset>
      </Collapse>
    </section>
  );
}
