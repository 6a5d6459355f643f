/** The form that a person fills in before the app answers, made from the draft's variables. */
import { Checkbox, NumberInput, Select, Stack, Textarea, TextInput } from "@mantine/core";
import type { Json, Variable } from "@/shared/api/types";
import { FileVariable } from "./FileVariable";

export type Inputs = Record<string, Json>;

/** What is sent: what was filled in, else the default; numbers and ticks in their own type. */
export function inputsFor(variables: Variable[], filled: Inputs): Inputs {
  const entries = variables.map((variable) => [variable.name, filled[variable.name] ?? variable.default ?? ""] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== "" && !(Array.isArray(value) && value.length === 0)));
}

export function missingInputs(variables: Variable[], filled: Inputs): Variable[] {
  const inputs = inputsFor(variables, filled);
  return variables.filter((variable) => variable.required && inputs[variable.name] === undefined);
}

interface VariableInputsProps {
  variables: Variable[];
  values: Inputs;
  onChange: (values: Inputs) => void;
}

export function VariableInputs({ variables, values, onChange }: VariableInputsProps) {
  return (
    <Stack gap="sm">
      {variables.map((variable) => (
        <VariableInput
          key={variable.name}
          variable={variable}
          value={values[variable.name] ?? variable.default ?? ""}
          onChange={(value) => onChange({ ...values, [variable.name]: value })}
        />
      ))}
    </Stack>
  );
}

export function VariableInput({ variable, value, onChange }: { variable: Variable; value: Json; onChange: (value: Json) => void }) {
  const label = variable.label || variable.name;
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  const common = { label, withAsterisk: variable.required };
  switch (variable.type) {
    case "text":
      return <TextInput {...common} value={text} maxLength={variable.max_length ?? undefined} onChange={(event) => onChange(event.currentTarget.value)} />;
    case "paragraph":
      return <Textarea {...common} value={text} autosize minRows={3} maxRows={12} maxLength={variable.max_length ?? undefined} onChange={(event) => onChange(event.currentTarget.value)} />;
    case "select":
      return <Select {...common} data={variable.options} value={text || null} onChange={(next) => onChange(next ?? "")} clearable={!variable.required} />;
    case "number":
      return <NumberInput {...common} value={text} onChange={(next) => onChange(next === "" ? "" : Number(next))} />;
    case "file":
    case "file-list":
      return <FileVariable variable={variable} value={value} onChange={onChange} />;
    case "checkbox":
      return <Checkbox label={label} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
  }
}
