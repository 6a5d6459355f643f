/** Chooses what a node reads: only what is upstream and of a type that fits, by the node it comes from. */
import { Group, Select, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Json } from "@/shared/api/types";
import { nodeById, titleOf } from "../graph/model";
import { selectorOf, type Variable } from "../graph/variables";
import { graphNow } from "../store/builder";
import { useBuilder } from "../store/BuilderContext";
import { useReadable, useRoomName, wantedOf, type From } from "./useReadable";

interface VariableSelectProps {
  nodeId: string;
  value: Json | undefined;
  onChange: (selector: string[], variable: Variable | undefined) => void;
  label?: string;
  ariaLabel?: string;
  types?: readonly string[];
  from?: From;
  clearable?: boolean;
  required?: boolean;
}

export function VariableSelect({ nodeId, value, onChange, label, ariaLabel, types, from, clearable = false, required }: VariableSelectProps) {
  const { t } = useTranslation();
  const graph = useBuilder(graphNow);
  const editable = useBuilder((state) => state.editable);
  const variables = wantedOf(useReadable(nodeId, from), types);
  const roomName = useRoomName();
  const selector = selectorOf(value);
  const key = selector.join(".");
  const byKey = new Map(variables.map((variable) => [variable.selector.join("."), variable]));
  const groups = new Map<string, { value: string; label: string }[]>();
  for (const [name, variable] of byKey) {
    const room = roomName(variable);
    groups.set(room, [...(groups.get(room) ?? []), { value: name, label: `${room} › ${variable.selector.slice(1).join(".")}` }]);
  }
  const isLost = key !== "" && !byKey.has(key);
  const source = nodeById(graph, selector[0] ?? "");
  const lostLabel = [source ? titleOf(source) : selector[0], ...selector.slice(1)].join(" › ");
  // A part of a value (`llm.usage.total`) is no variable of its own, but what it is a part of is known.
  const isPart = isLost && byKey.has(selector.slice(0, 2).join("."));
  const data = [...groups].map(([group, items]) => ({ group, items }));
  return (
    <Select
      label={label}
      aria-label={label ? undefined : (ariaLabel ?? t("workflow.chooseVariable"))}
      placeholder={t("workflow.chooseVariable")}
      size="xs"
      data={isLost ? [...data, { group: "…", items: [{ value: key, label: lostLabel }] }] : data}
      value={key || null}
      onChange={(next) => onChange(next ? (byKey.get(next)?.selector ?? next.split(".")) : [], next ? byKey.get(next) : undefined)}
      searchable
      clearable={clearable}
      allowDeselect={clearable}
      withAsterisk={required}
      disabled={!editable}
      nothingFoundMessage={t("workflow.noVariable")}
      error={isLost && !isPart ? t("workflow.lostVariable") : undefined}
      maxDropdownHeight={280}
      comboboxProps={{ width: 320, position: "bottom-end" }}
      renderOption={({ option }) => {
        const variable = byKey.get(option.value);
        return (
          <Group justify="space-between" wrap="nowrap" gap="xs" w="100%">
            <Text size="sm" truncate>
              {variable ? variable.selector.slice(1).join(".") : option.label}
            </Text>
            <Text size="xs" c="dimmed" style={{ flex: "none" }}>
              {variable?.type}
            </Text>
          </Group>
        );
      }}
    />
  );
}
