/** The form that the app asks for, made from its variables. */
import { Checkbox, FileInput, JsonInput, NumberInput, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Json, JsonObject } from "@/shared/api/types";
import type { SiteVariable } from "@/shared/site/types";
import { useVisit } from "../SiteContext";
import type { Filled } from "./inputs";
import { acceptOf, useUploads } from "./useUploads";

interface FieldsProps {
  variables: SiteVariable[];
  values: Filled;
  onChange: (values: Filled) => void;
}

export function Fields({ variables, values, onChange }: FieldsProps) {
  return (
    <Stack gap="sm">
      {variables.map((variable) => (
        <Field
          key={variable.name}
          variable={variable}
          value={values[variable.name] ?? variable.default ?? ""}
          onChange={(value) => onChange({ ...values, [variable.name]: value })}
        />
      ))}
    </Stack>
  );
}

interface FieldProps {
  variable: SiteVariable;
  value: Json;
  onChange: (value: Json) => void;
}

function Field({ variable, value, onChange }: FieldProps) {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  const common = { label: variable.label, withAsterisk: variable.required };
  const maxLength = variable.max_length ?? undefined;
  switch (variable.type) {
    case "paragraph":
      return <Textarea {...common} autosize minRows={3} maxRows={14} maxLength={maxLength} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
    case "select":
      return <Select {...common} data={variable.options} value={text || null} onChange={(next) => onChange(next ?? "")} clearable={!variable.required} />;
    case "number":
      return <NumberInput {...common} value={text} onChange={(next) => onChange(next === "" ? "" : Number(next))} />;
    case "checkbox":
      return <Checkbox label={variable.label} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
    case "json_object":
      return <JsonInput {...common} autosize minRows={4} className="mono" value={typeof value === "string" ? value : JSON.stringify(value, null, 2)} onChange={onChange} />;
    case "file":
    case "file-list":
      return <FileField variable={variable} value={value} onChange={onChange} />;
    default:
      return <TextInput {...common} maxLength={maxLength} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
}

function FileField({ variable, onChange }: FieldProps) {
  const { t } = useTranslation();
  const { offer } = useVisit();
  const [problem, setProblem] = useState("");
  const { upload, uploading } = useUploads(setProblem);
  const many = variable.type === "file-list";
  const take = async (files: File[]) => {
    setProblem("");
    onChange("");
    const kept = (await upload(files)) as unknown as JsonObject[];
    onChange(many ? kept : (kept[0] ?? ""));
  };
  const common = { label: variable.label, withAsterisk: variable.required, clearable: true, accept: acceptOf(offer.files), error: problem || undefined, styles: { placeholder: { color: "var(--mantine-color-dimmed)" } } };
  return (
    <div>
      {many ? (
        <FileInput {...common} multiple placeholder={t("published.chooseFiles")} onChange={(files) => void take(files)} />
      ) : (
        <FileInput {...common} placeholder={t("published.chooseFile")} onChange={(file) => void take(file ? [file] : [])} />
      )}
      {uploading && (
        <Text size="xs" c="dimmed" role="status" mt={4}>
          {t("published.uploading", { name: uploading })}
        </Text>
      )}
    </div>
  );
}
