/** The shape of the answer: free text, or JSON that obeys a schema. */
import { Button, Group, Stack, Switch, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useDraft } from "@/shared/draft/DraftContext";
import { EXAMPLE_SCHEMA, parseSchema, schemaText } from "./outputSchema";
import { useFieldError } from "./Section";

export function OutputSection() {
  const { t } = useTranslation();
  const schema = useDraft((state) => state.draft.output_schema);
  const edit = useDraft((state) => state.edit);
  // What is being typed is no schema most of the time: it stands here until it is one.
  const [typed, setTyped] = useState<string | null>(null);
  const refused = useFieldError("output_schema");
  const text = typed ?? (schema ? schemaText(schema) : "");
  const read = parseSchema(text);
  const show = (next: string) => {
    setTyped(next);
    const found = parseSchema(next);
    if (found.ok) edit({ output_schema: found.schema });
  };
  const toggle = (on: boolean) => {
    setTyped(null);
    edit({ output_schema: on ? EXAMPLE_SCHEMA : null });
  };
  return (
    <Stack gap="sm">
      <Switch label={t("build.structured")} description={t("build.structuredHint")} checked={schema !== null} onChange={(event) => toggle(event.currentTarget.checked)} />
      {schema !== null && (
        <Textarea
          label={t("build.schema")}
          value={text}
          onChange={(event) => show(event.currentTarget.value)}
          onBlur={() => read.ok && setTyped(null)}
          error={read.ok ? refused : t(`build.schemaErrors.${read.reason}`, { detail: read.detail })}
          autosize
          minRows={6}
          maxRows={24}
          spellCheck={false}
          classNames={{ input: "mono" }}
        />
      )}
      {schema !== null && (
        <Group justify="space-between" gap="xs">
          <Text size="xs" c="dimmed" flex={1} miw={200}>
            {t("build.schemaHint")}
          </Text>
          <Button size="xs" variant="default" onClick={() => show(schemaText(EXAMPLE_SCHEMA))}>
            {t("build.schemaExample")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
