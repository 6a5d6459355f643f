/** What a tool takes, can be set to, and gives a workflow. */
import { Code, Group, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { JsonTree } from "@/shared/ui/JsonTree";
import { fieldsOf, type Field } from "@/shared/tools/schema";
import type { ToolInfo } from "./types";

export function Parameters({ tool }: { tool: ToolInfo }) {
  const { t } = useTranslation();
  const settings = fieldsOf(tool.config_schema);
  const outputs = Object.entries(tool.outputs);
  return (
    <Stack gap="lg">
      <section>
        <Title order={3}>{t("tools.details.parameters")}</Title>
        <Text size="sm" c="dimmed" mb="xs">
          {t("tools.details.parametersText")}
        </Text>
        <FieldRows fields={fieldsOf(tool.parameters)} />
      </section>
      {settings.length > 0 && (
        <section>
          <Title order={3}>{t("tools.details.settings")}</Title>
          <Text size="sm" c="dimmed" mb="xs">
            {t("tools.details.settingsText")}
          </Text>
          <FieldRows fields={settings} />
        </section>
      )}
      <section>
        <Title order={3}>{t("tools.details.outputs")}</Title>
        <Text size="sm" c="dimmed" mb="xs">
          {t("tools.details.outputsText")}
        </Text>
        <Group gap={6}>
          {["text", "files", "json", ...outputs.map(([name, type]) => `${name}: ${type}`)].map((each) => (
            <Code key={each}>{each}</Code>
          ))}
        </Group>
      </section>
      <JsonTree label={t("tools.details.schema")} value={tool.parameters} />
    </Stack>
  );
}

function FieldRows({ fields }: { fields: Field[] }) {
  const { t } = useTranslation();
  return (
    <Stack gap={0} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
      {fields.map((field) => (
        <Stack key={field.name} component="li" gap={2} py={8} style={{ borderBottom: "1px solid var(--hairline)" }}>
          <Group gap={8}>
            <Code>{field.name}</Code>
            <Text size="xs" c="dimmed">
              {field.types.join(" | ") || "any"}
              {field.required && ` · ${t("tools.details.required")}`}
              {field.fallback !== undefined && field.fallback !== null && ` · ${t("tools.details.default", { value: JSON.stringify(field.fallback) })}`}
            </Text>
          </Group>
          {field.hint && <Text size="sm">{field.hint}</Text>}
          {field.options.length > 0 && (
            <Text size="sm" c="dimmed">
              {field.options.join(", ")}
            </Text>
          )}
        </Stack>
      ))}
    </Stack>
  );
}
