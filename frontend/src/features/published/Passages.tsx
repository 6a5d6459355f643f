/** The passages that an answer cites: a quiet list, each unfolds to its words and page. */
import { Collapse, Text, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useEffect, useId, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { PassageShown } from "./api";
import { CitedPage } from "./CitedPage";
import classes from "./published.module.css";

interface PassagesProps {
  runId: string | null;
  passages: PassageShown[];
  opened: number | null;
  onOpen: (position: number) => void;
}

export function Passages({ runId, passages, opened, onOpen }: PassagesProps) {
  const { t } = useTranslation();
  if (passages.length === 0) return null;
  return (
    <section className={classes.passages} aria-label={t("published.sources")}>
      <Text size="xs" c="dimmed" fw={500} mb={4}>
        {t("published.sources")}
      </Text>
      <ul className={classes.rows}>
        {passages.map((passage) => (
          <Passage key={passage.position} runId={runId} passage={passage} opened={opened === passage.position} onToggle={() => onOpen(passage.position)} />
        ))}
      </ul>
    </section>
  );
}

interface PassageProps {
  runId: string | null;
  passage: PassageShown;
  opened: boolean;
  onToggle: () => void;
}

function Passage({ runId, passage, opened, onToggle }: PassageProps) {
  const { t } = useTranslation();
  const id = useId();
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (opened) row.current?.scrollIntoView({ block: "nearest" });
  }, [opened]);
  return (
    <li ref={row} className={classes.passage}>
      <UnstyledButton className={classes.passageHead} onClick={onToggle} aria-expanded={opened} aria-controls={id}>
        <span className={classes.number}>{passage.position}</span>
        <Text size="sm" truncate flex={1} miw={0}>
          {passage.document_name}
        </Text>
        {passage.page !== null && (
          <Text size="xs" c="dimmed" className="numbers" style={{ flex: "none" }}>
            {t("published.page", { page: passage.page })}
          </Text>
        )}
        <IconChevronRight size={14} className={classes.chevron} data-open={opened || undefined} />
      </UnstyledButton>
      <Collapse expanded={opened} id={id}>
        <Text size="sm" className={classes.passageText}>
          {passage.text}
        </Text>
        {opened && runId !== null && passage.page !== null && <CitedPage runId={runId} position={passage.position} />}
      </Collapse>
    </li>
  );
}
