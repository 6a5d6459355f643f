/** JSON as a tree that folds, with copy; long text is folded too. */
import { Box, Group, Text, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Json } from "@/shared/api/types";
import { formatCount } from "@/shared/format/numbers";
import { CopyButton } from "./bits";

const FOLD_CHARACTERS = 400;
/** What opens at once: a browser that must lay out megabytes stands still. */
const PART_CHARACTERS = 20_000;
const PART_ENTRIES = 100;

interface JsonTreeProps {
  value: Json;
  label: string;
  /** Levels that are open at first. */
  openTo?: number;
}

export function JsonTree({ value, label, openTo = 1 }: JsonTreeProps) {
  return (
    <Box p="sm" style={{ background: "var(--surface-sunken)", border: "1px solid var(--hairline)", borderRadius: 8 }}>
      <Group justify="space-between" mb={4}>
        <Text size="xs" c="dimmed" fw={500}>
          {label}
        </Text>
        <CopyButton value={() => (typeof value === "string" ? value : JSON.stringify(value, null, 2))} />
      </Group>
      <Branch value={value} depth={0} openTo={openTo} />
    </Box>
  );
}

interface BranchProps {
  value: Json;
  depth: number;
  openTo: number;
}

function Branch({ value, depth, openTo }: BranchProps) {
  const [shown, setShown] = useState(PART_ENTRIES);
  if (typeof value !== "object" || value === null) return <Leaf value={value} />;
  const entries = Object.entries(value);
  if (entries.length === 0) return <Text className="mono" c="dimmed">{Array.isArray(value) ? "[]" : "{}"}</Text>;
  return (
    <Box>
      {entries.slice(0, shown).map(([key, child]) => (
        <Entry key={key} name={key} value={child} depth={depth} openTo={openTo} />
      ))}
      {entries.length > shown && <More count={entries.length - shown} onClick={() => setShown(shown + PART_ENTRIES)} />}
    </Box>
  );
}

function Entry({ name, value, depth, openTo }: BranchProps & { name: string }) {
  const nested = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  const [open, setOpen] = useState(depth < openTo);
  if (!nested) {
    return (
      <Group gap={6} wrap="nowrap" align="baseline" py={1}>
        <Text className="mono" c="dimmed" style={{ flex: "none" }}>
          {name}
        </Text>
        <Branch value={value} depth={depth + 1} openTo={openTo} />
      </Group>
    );
  }
  return (
    <Box py={1}>
      <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open}>
        <Group gap={2}>
          <IconChevronRight size={12} style={{ transform: open ? "rotate(90deg)" : undefined }} />
          <Text className="mono" c="dimmed">
            {name} {Array.isArray(value) ? `[${value.length}]` : ""}
          </Text>
        </Group>
      </UnstyledButton>
      {open && (
        <Box pl="md" ml={5} style={{ borderLeft: "1px solid var(--hairline)" }}>
          <Branch value={value} depth={depth + 1} openTo={openTo} />
        </Box>
      )}
    </Box>
  );
}

function Leaf({ value }: { value: string | number | boolean | null }) {
  const text = value === null ? "null" : String(value);
  const [shown, setShown] = useState(FOLD_CHARACTERS);
  return (
    <Text component="div" className="mono" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
      {text.length > shown ? text.slice(0, shown) : text}
      {text.length > shown && <More count={text.length - shown} onClick={() => setShown(shown + PART_CHARACTERS)} />}
    </Text>
  );
}

function More({ count, onClick }: { count: number; onClick: () => void }) {
  const { t, i18n } = useTranslation();
  return (
    <UnstyledButton className="mono" c="var(--accent-text)" onClick={onClick}>
      {" … "}
      {t("runs.showMore", { count: formatCount(count, i18n.language) })}
    </UnstyledButton>
  );
}
