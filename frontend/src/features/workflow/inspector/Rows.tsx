/** A list of small things in rows: each row has the same few cells; add at the end, remove at the row. */
import { ActionIcon, Button, Checkbox, Group, NumberInput, Select, Stack, Text, TextInput, Tooltip } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Json, JsonObject } from "@/shared/api/types";
import classes from "../builder.module.css";
import { itemsOf } from "../graph/handles";
import { VAR_TYPES } from "../graph/varTypes";
import { useBuilder } from "../store/BuilderContext";
import { fieldWord } from "../words";
import { asText } from "./field";
import { CommitInput } from "./inputs";
import type { From } from "./useReadable";
import { VariableSelect } from "./VariableSelect";

export interface Column {
  key: string;
  as: "name" | "text" | "number" | "type" | "choice" | "tick" | "variable";
  /** For "choice": the values; for "type": the types offered; for "variable": the types that fit. */
  of?: readonly string[];
  from?: From;
  label?: string;
  placeholder?: string;
  /** Where the type of a chosen variable is kept too. */
  typeKey?: string;
  grow?: boolean;
}

interface RowsProps {
  nodeId: string;
  label: string;
  hint?: string;
  value: Json | undefined;
  columns: readonly Column[];
  blank: (count: number) => JsonObject;
  onChange: (items: JsonObject[]) => void;
  onRename?: (from: string, to: string) => void;
  addLabel?: string;
  extra?: (item: JsonObject, set: (change: JsonObject) => void) => React.ReactNode;
}

export function Rows({ nodeId, label, hint, value, columns, blank, onChange, onRename, addLabel, extra }: RowsProps) {
  const { t } = useTranslation();
  const editable = useBuilder((state) => state.editable);
  const items = itemsOf(value);
  const set = (index: number, change: JsonObject) => onChange(items.map((item, at) => (at === index ? { ...item, ...change } : item)));
  const name = columns.find((column) => column.as === "name")?.key;
  return (
    <fieldset className={classes.fieldset} aria-label={label} disabled={!editable}>
      <Group justify="space-between" mb={items.length > 0 ? 6 : 0}>
        <Text size="sm" fw={500}>
          {label}
        </Text>
        <Button size="compact-xs" variant="subtle" leftSection={<IconPlus size={13} />} onClick={() => onChange([...items, blank(items.length)])}>
          {addLabel ?? t("workflow.add")}
        </Button>
      </Group>
      <Stack gap={8}>
        {items.length === 0 && hint && (
          <Text size="xs" c="dimmed">
            {hint}
          </Text>
        )}
        {items.map((item, index) => (
          <div key={index}>
            <Group gap={6} wrap="nowrap" align="flex-start">
              {columns.map((column) => (
                <div key={column.key} style={{ flex: column.grow === false ? "none" : 1, minWidth: 0 }}>
                  <Cell
                    nodeId={nodeId}
                    column={column}
                    item={item}
                    onChange={(change) => {
                      const [before, after] = [asText(item[column.key]), asText(change[column.key])];
                      const isTaken = column.key === name && items.some((each) => each !== item && each[name] === after);
                      if (isTaken) return;
                      set(index, change);
                      if (column.key === name && before && after) onRename?.(before, after);
                    }}
                  />
                </div>
              ))}
              <Tooltip label={t("common.delete")}>
                <ActionIcon mt={1} size={28} variant="subtle" onClick={() => onChange(items.filter((_, at) => at !== index))} aria-label={t("workflow.removeRow", { number: index + 1 })}>
                  <IconTrash size={14} />
                </ActionIcon>
              </Tooltip>
            </Group>
            {extra?.(item, (change) => set(index, change))}
          </div>
        ))}
      </Stack>
    </fieldset>
  );
}

interface CellProps {
  nodeId: string;
  column: Column;
  item: JsonObject;
  onChange: (change: JsonObject) => void;
}

function Cell({ nodeId, column, item, onChange }: CellProps) {
  const { t } = useTranslation();
  const { key, as, of, from, typeKey, placeholder } = column;
  const label = column.label ?? fieldWord(t, key);
  const value = item[key];
  const common = { size: "xs" as const, "aria-label": label, placeholder: placeholder ?? label };
  switch (as) {
    case "name":
      return <CommitInput {...common} className="mono" value={asText(value)} onCommit={(next) => onChange({ [key]: next })} />;
    case "text":
      return <TextInput {...common} value={asText(value)} onChange={(event) => onChange({ [key]: event.currentTarget.value })} />;
    case "number":
      return <NumberInput {...common} value={asText(value)} onChange={(next) => onChange({ [key]: next === "" ? null : Number(next) })} />;
    case "type":
      return <Select {...common} data={[...(of ?? VAR_TYPES)]} value={asText(value) || null} allowDeselect={false} onChange={(next) => next && onChange({ [key]: next })} />;
    case "choice":
      return <Select {...common} data={(of ?? []).map((each) => ({ value: each, label: fieldWord(t, each) }))} value={asText(value) || null} allowDeselect={false} onChange={(next) => next && onChange({ [key]: next })} />;
    case "tick":
      return <Checkbox size="xs" mt={7} label={label} checked={value === true} onChange={(event) => onChange({ [key]: event.currentTarget.checked })} />;
    case "variable":
      return (
        <VariableSelect
          nodeId={nodeId}
          value={value}
          types={of}
          from={from}
          ariaLabel={label}
          onChange={(selector, variable) => onChange({ [key]: selector, ...(typeKey && variable ? { [typeKey]: variable.type } : {}) })}
        />
      );
  }
}
