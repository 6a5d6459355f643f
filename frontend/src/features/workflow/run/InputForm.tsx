/** The form that the start asks for, and in a chatflow the question. */
import { Button, Checkbox, FileInput, Group, JsonInput, NumberInput, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStopFilled } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Json, JsonObject } from "@/shared/api/types";
import { notifyError } from "@/shared/ui/notify";
import { itemsOf } from "../graph/handles";
import { kindOf } from "../graph/model";
import { graphNow } from "../store/builder";
import { useBuilder } from "../store/BuilderContext";
import { startInputs, type Filled } from "./inputs";
import { useUpload } from "./useUpload";

interface InputFormProps {
  chatflow: boolean;
  live: boolean;
  onRun: (inputs: Record<string, Json>, query: string) => void;
  onStop: () => void;
}

const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

export function InputForm({ chatflow, live, onRun, onStop }: InputFormProps) {
  const { t } = useTranslation();
  const start = useBuilder((state) => graphNow(state).nodes.find((node) => kindOf(node) === "start"));
  const variables = itemsOf(start?.data.variables).filter((variable) => variable.hide !== true);
  const [filled, setFilled] = useState<Filled>({});
  const [query, setQuery] = useState("");
  const { inputs, missing } = startInputs(variables, filled);
  const send = () => {
    if (live || missing.length > 0 || (chatflow && query.trim() === "")) return;
    onRun(inputs, query.trim());
    setQuery("");
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Stack gap="sm">
        {variables.map((variable) => {
          const name = text(variable.variable);
          return <Input key={name} variable={variable} value={filled[name] ?? variable.default ?? ""} onChange={(value) => setFilled({ ...filled, [name]: value })} />;
        })}
        {chatflow && (
          <Textarea
            label={t("build.askLabel")}
            placeholder={t("build.askPlaceholder")}
            autosize
            minRows={1}
            maxRows={6}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              send();
            }}
          />
        )}
        <Group gap="xs">
          {live ? (
            <Button size="xs" color="red" variant="light" leftSection={<IconPlayerStopFilled size={14} />} onClick={onStop}>
              {t("build.stop")}
            </Button>
          ) : (
            <Button size="xs" type="submit" leftSection={<IconPlayerPlay size={14} />} disabled={missing.length > 0 || (chatflow && query.trim() === "")}>
              {chatflow ? t("build.send") : t("workflow.run.start")}
            </Button>
          )}
        </Group>
      </Stack>
    </form>
  );
}

function Input({ variable, value, onChange }: { variable: JsonObject; value: Json; onChange: (value: Json) => void }) {
  const upload = useUpload();
  const name = text(variable.variable);
  const common = { label: text(variable.label) || name, withAsterisk: variable.required === true, size: "sm" as const };
  const maxLength = typeof variable.max_length === "number" ? variable.max_length : undefined;
  switch (text(variable.type)) {
    case "paragraph":
      return <Textarea {...common} autosize minRows={2} maxRows={10} maxLength={maxLength} value={text(value)} onChange={(event) => onChange(event.currentTarget.value)} />;
    case "select":
      return <Select {...common} data={(Array.isArray(variable.options) ? variable.options : []).map(String)} value={text(value) || null} onChange={(next) => onChange(next ?? "")} />;
    case "number":
      return <NumberInput {...common} value={typeof value === "number" || typeof value === "string" ? value : ""} onChange={(next) => onChange(next === "" ? "" : Number(next))} />;
    case "checkbox":
      return <Checkbox label={common.label} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
    case "json_object":
      return <JsonInput {...common} autosize minRows={3} value={typeof value === "string" ? value : JSON.stringify(value, null, 2)} onChange={onChange} />;
    case "file":
      return <FileInput {...common} clearable onChange={(file) => void (file ? upload([file]).then(([id]) => onChange(id ?? "")).catch(notifyError) : onChange(""))} />;
    case "file-list":
      return <FileInput {...common} clearable multiple onChange={(files) => void upload(files).then(onChange).catch(notifyError)} />;
    default:
      return <TextInput {...common} maxLength={maxLength} value={text(value)} onChange={(event) => onChange(event.currentTarget.value)} />;
  }
}
