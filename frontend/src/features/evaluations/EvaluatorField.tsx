/** One setting of an evaluator. */
import { JsonInput, NumberInput, Select, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Field } from "./evaluatorFields";
import { ModelField } from "./ModelField";

interface EvaluatorFieldProps {
  field: Field;
  value: unknown;
  onChange: (value: unknown) => void;
  error?: string;
}

export function EvaluatorField({ field, value, onChange, error }: EvaluatorFieldProps) {
  const { t } = useTranslation();
  const label = t(`evaluations.fields.${field.name}`);
  if (typeof field.kind === "object") {
    const data = field.kind.choices.map((each) => ({ value: each, label: t(`evaluations.choices.${each}`) }));
    return <Select label={label} data={data} value={String(value)} onChange={onChange} allowDeselect={false} error={error} />;
  }
  switch (field.kind) {
    case "switch":
      return <Switch label={label} checked={Boolean(value)} onChange={(event) => onChange(event.currentTarget.checked)} error={error} />;
    case "number":
      return <NumberInput label={label} min={0} max={field.max} value={Number(value)} onChange={(next) => onChange(Number(next))} error={error} />;
    case "texts":
      return <TagsInput label={label} description={t("evaluations.fields.textsHint")} value={value as string[]} onChange={onChange} splitChars={[]} error={error} />;
    case "long":
      return <Textarea label={label} autosize minRows={3} maxRows={10} value={String(value)} onChange={(event) => onChange(event.currentTarget.value)} error={error} />;
    case "code":
      return <Textarea label={label} autosize minRows={6} maxRows={20} spellCheck={false} classNames={{ input: "mono" }} value={String(value)} onChange={(event) => onChange(event.currentTarget.value)} error={error} />;
    case "json":
      return <JsonField label={label} value={value} onChange={onChange} error={error} />;
    case "chat":
    case "embedding":
      return <ModelField kind={field.kind} label={label} value={String(value)} onChange={onChange} />;
    default:
      return <TextInput label={label} value={String(value)} onChange={(event) => onChange(event.currentTarget.value)} classNames={{ input: "mono" }} error={error} />;
  }
}

function JsonField({ label, value, onChange, error }: { label: string; value: unknown; onChange: (value: unknown) => void; error?: string }) {
  const { t } = useTranslation();
  const [text, setText] = useState(JSON.stringify(value, null, 2));
  const [isWrong, setIsWrong] = useState(false);
  const change = (next: string) => {
    setText(next);
    try {
      onChange(JSON.parse(next));
      setIsWrong(false);
    } catch {
      setIsWrong(true);
    }
  };
  return <JsonInput label={label} autosize minRows={4} maxRows={16} value={text} onChange={change} error={isWrong ? t("evaluations.cases.inputsWrong") : error} classNames={{ input: "mono" }} />;
}
