/** The fields of a form that was made from a JSON schema. */
import { Checkbox, MultiSelect, NumberInput, Select, Stack, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useDatasets } from "@/shared/api/queries";
import type { Json } from "@/shared/api/types";
import type { Field, Filled, Problem } from "./schema";

interface SchemaFormProps {
  fields: Field[];
  filled: Filled;
  problems: Record<string, Problem | string>;
  disabled?: boolean;
  onChange: (filled: Filled) => void;
}

export function SchemaForm({ fields, filled, problems, disabled, onChange }: SchemaFormProps) {
  return (
    <Stack gap="sm">
      {fields.map((field) => (
        <SchemaField key={field.name} field={field} value={filled[field.name]} problem={problems[field.name]} disabled={disabled} onChange={(value) => onChange({ ...filled, [field.name]: value })} />
      ))}
    </Stack>
  );
}

interface FieldProps {
  field: Field;
  value: Json | undefined;
  problem?: Problem | string;
  disabled?: boolean;
  onChange: (value: Json | undefined) => void;
}

const texts = (value: Json | undefined): string[] => (Array.isArray(value) ? value.map(String) : []);

function SchemaField({ field, value, problem, disabled, onChange }: FieldProps) {
  const { t } = useTranslation();
  const error = problem === "required" || problem === "json" ? t(`tools.try.problems.${problem}`) : problem;
  const common = { label: field.label, description: field.hint || undefined, withAsterisk: field.required, disabled, error };
  if (field.name === "dataset_ids") return <DatasetChoice disabled={disabled} error={error} value={texts(value)} onChange={onChange} />;
  switch (field.kind) {
    case "choice":
      return <Select {...common} data={field.options} value={typeof value === "string" ? value : null} clearable={!field.required} onChange={(next) => onChange(next ?? undefined)} />;
    case "choices":
      return <MultiSelect {...common} data={field.options} value={texts(value)} onChange={onChange} />;
    case "list":
      return <TagsInput {...common} value={texts(value)} onChange={onChange} />;
    case "switch":
      return <Checkbox label={field.label} description={field.hint || undefined} disabled={disabled} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked || undefined)} />;
    case "number":
    case "integer":
      return <NumberInput {...common} min={field.min} max={field.max} allowDecimal={field.kind === "number"} value={typeof value === "number" ? value : ""} onChange={(next) => onChange(next === "" ? undefined : Number(next))} />;
    case "lines":
    case "json":
      return <Textarea {...common} autosize minRows={field.kind === "json" ? 2 : 4} maxRows={14} spellCheck={false} styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12.5 } }} value={typeof value === "string" ? value : ""} onChange={(event) => onChange(event.currentTarget.value)} />;
    default:
      return <TextInput {...common} value={typeof value === "string" ? value : ""} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
}

interface DatasetChoiceProps {
  disabled?: boolean;
  error?: string;
  value: string[];
  onChange: (value: string[]) => void;
}

function DatasetChoice(props: DatasetChoiceProps) {
  const { t } = useTranslation();
  const datasets = useDatasets();
  return <MultiSelect {...props} label={t("tools.try.datasets")} data={(datasets.data ?? []).map((dataset) => ({ value: dataset.id, label: dataset.name }))} nothingFoundMessage={t("tools.try.noDatasets")} searchable />;
}
