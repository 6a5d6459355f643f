/** Variables beside the graph: of the app (constants and secrets) and, in a chatflow, of the conversation. */
import { ActionIcon, Button, Drawer, Group, Paper, PasswordInput, Select, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { DeclaredVariable, Json } from "@/shared/api/types";
import { useGraphDraft } from "@/shared/draft/DraftContext";
import { renameField } from "../graph/references";
import { VAR_TYPES } from "../graph/varTypes";
import { CommitInput } from "../inspector/inputs";
import { useBuilder, useBuilderApp } from "../store/BuilderContext";

type Room = "environment_variables" | "conversation_variables";
const SOURCES = { environment_variables: "env", conversation_variables: "conversation" } as const;
const TYPES: Record<Room, readonly string[]> = { environment_variables: ["string", "number", "secret"], conversation_variables: VAR_TYPES.filter((type) => type !== "any" && type !== "array[any]") };
const NAME = /^[A-Za-z]\w{0,63}$/;

export function VariablesDrawer({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const app = useBuilderApp();
  return (
    <Drawer opened={opened} onClose={onClose} title={t("workflow.variables.title")} size="lg">
      <Stack gap="xl">
        <VariableList room="environment_variables" />
        {app.mode === "chatflow" && <VariableList room="conversation_variables" />}
      </Stack>
    </Drawer>
  );
}

function VariableList({ room }: { room: Room }) {
  const { t } = useTranslation();
  const list = useGraphDraft((state) => state.draft[room]);
  const edit = useGraphDraft((state) => state.edit);
  const change = useBuilder((state) => state.change);
  const editable = useBuilder((state) => state.editable);
  const write = (next: DeclaredVariable[]) => edit(room === "environment_variables" ? { environment_variables: next } : { conversation_variables: next });
  const set = (index: number, values: Partial<DeclaredVariable>) => write(list.map((each, at) => (at === index ? { ...each, ...values } : each)));
  const add = () => {
    const names = list.map((each) => each.name);
    const name = Array.from({ length: list.length + 1 }, (_, index) => `variable_${index + 1}`).find((each) => !names.includes(each)) ?? "variable";
    write([...list, { id: crypto.randomUUID(), name, value_type: "string", value: "", description: "" }]);
  };
  return (
    <section>
      <Group justify="space-between" mb={4}>
        <Title order={3}>{t(`workflow.variables.${room}`)}</Title>
        {editable && (
          <Button size="compact-sm" variant="subtle" leftSection={<IconPlus size={14} />} onClick={add}>
            {t("workflow.add")}
          </Button>
        )}
      </Group>
      <Text size="sm" c="dimmed" mb="sm">
        {t(`workflow.variables.hints.${room}`)}
      </Text>
      <Stack gap="xs">
        {list.map((variable, index) => (
          <Paper key={variable.id ?? variable.name} p="sm">
            <Group gap="xs" wrap="nowrap" align="flex-start">
              <CommitInput
                flex={1}
                size="xs"
                className="mono"
                aria-label={t("build.variableName")}
                disabled={!editable}
                value={variable.name}
                onCommit={(name) => {
                  if (!NAME.test(name) || list.some((each) => each.name === name)) return;
                  set(index, { name });
                  change((graph) => renameField(graph, SOURCES[room], variable.name, name));
                }}
              />
              <Select size="xs" w={140} aria-label={t("build.variableType")} disabled={!editable} data={TYPES[room].map((type) => ({ value: type, label: type }))} value={variable.value_type} allowDeselect={false} onChange={(value_type) => value_type && set(index, { value_type, value: "" })} />
              <ActionIcon size={28} variant="subtle" disabled={!editable} onClick={() => write(list.filter((_, at) => at !== index))} aria-label={t("build.removeVariable", { name: variable.name })}>
                <IconTrash size={14} />
              </ActionIcon>
            </Group>
            <Value variable={variable} disabled={!editable} onChange={(value) => set(index, { value })} />
            <TextInput mt={6} size="xs" aria-label={t("workflow.fields.description")} placeholder={t("workflow.fields.description")} disabled={!editable} value={variable.description ?? ""} onChange={(event) => set(index, { description: event.currentTarget.value })} />
          </Paper>
        ))}
      </Stack>
    </section>
  );
}

function Value({ variable, disabled, onChange }: { variable: DeclaredVariable; disabled: boolean; onChange: (value: Json) => void }) {
  const { t } = useTranslation();
  const label = t("workflow.fields.value");
  const common = { mt: 6, size: "xs" as const, "aria-label": label, placeholder: label, disabled };
  if (variable.value_type === "secret") return <PasswordInput {...common} key={variable.id} defaultValue={String(variable.value ?? "")} onBlur={(event) => onChange(event.currentTarget.value)} />;
  const shown = typeof variable.value === "string" ? variable.value : JSON.stringify(variable.value ?? "");
  return <Textarea {...common} key={`${variable.id} ${variable.value_type}`} autosize minRows={1} defaultValue={shown} onBlur={(event) => onChange(parsed(event.currentTarget.value, variable.value_type))} />;
}

function parsed(text: string, type: string): Json {
  if (type === "string" || text.trim() === "") return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
