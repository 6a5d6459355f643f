/** The choice of a model of a kind. */
import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useModels } from "@/shared/api/queries";

interface ModelFieldProps {
  kind: "chat" | "embedding";
  value: string;
  onChange: (id: string) => void;
  label?: string;
  placeholder?: string;
  clearable?: boolean;
}

export function ModelField({ kind, value, onChange, label, placeholder, clearable = false }: ModelFieldProps) {
  const { t } = useTranslation();
  const models = useModels();
  const data = (models.data ?? []).filter((each) => each.kind === kind).map((each) => each.id);
  if (value && !data.includes(value)) data.push(value);
  return (
    <Select label={label ?? t("evaluations.model")} placeholder={placeholder} data={data} value={value || null} onChange={(id) => onChange(id ?? "")} allowDeselect={clearable} clearable={clearable} searchable={data.length > 8} />
  );
}
