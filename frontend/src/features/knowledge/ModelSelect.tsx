/** Chooses among the workspace's models of one kind; one that is gone stays shown by its id. */
import { Select, type SelectProps } from "@mantine/core";
import { useModels } from "@/shared/api/queries";
import type { ModelKind } from "@/shared/api/types";

interface ModelSelectProps extends Omit<SelectProps, "data" | "value" | "onChange"> {
  kind: ModelKind;
  value?: string;
  onChange?: (id: string) => void;
}

export function ModelSelect({ kind, value = "", onChange, ...props }: ModelSelectProps) {
  const models = useModels();
  const options = (models.data ?? []).filter((model) => model.kind === kind).map((model) => ({ value: model.id, label: model.name }));
  if (value && !options.some((option) => option.value === value)) options.push({ value, label: value });
  return <Select {...props} data={options} value={value || null} onChange={(id) => onChange?.(id ?? "")} searchable={options.length > 8} />;
}
