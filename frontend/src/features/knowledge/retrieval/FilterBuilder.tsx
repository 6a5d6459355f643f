/** Conditions on the metadata of documents, one a row. */
import { ActionIcon, Button, Group, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { FieldType, MetadataField } from "@/shared/api/knowledgeTypes";
import { needsValue, OPERATORS, takesList, withField, type FilterForm, type Row } from "./filterModel";
import { operatorKey } from "./operators";

interface FilterBuilderProps {
  fields: MetadataField[];
  value: FilterForm;
  onChange: (form: FilterForm) => void;
}

export function FilterBuilder({ fields, value, onChange }: FilterBuilderProps) {
  const { t } = useTranslation();
  const types: Record<string, FieldType> = Object.fromEntries(fields.map((field) => [field.name, field.type]));
  const put = (index: number, row: Row) => onChange({ ...value, rows: value.rows.map((each, place) => (place === index ? row : each)) });
  const add = () => {
    const field = fields[0];
    if (field) onChange({ ...value, rows: [...value.rows, { field: field.name, operator: OPERATORS[field.type][0] ?? "", value: "" }] });
  };
  return (
    <Stack gap="xs" role="group" aria-label={t("knowledge.filter")}>
      {value.rows.length === 0 && (
        <Text size="sm" c="dimmed">
          {t("knowledge.filterHint")}
        </Text>
      )}
      {value.rows.length > 1 && (
        <SegmentedControl
          size="xs"
          style={{ alignSelf: "flex-start" }}
          aria-label={t("knowledge.logic")}
          value={value.logic}
          onChange={(logic) => onChange({ ...value, logic })}
          data={[
            { value: "and" as const, label: t("knowledge.allHold") },
            { value: "or" as const, label: t("knowledge.oneHolds") },
          ]}
        />
      )}
      {value.rows.map((row, index) => {
        const type = types[row.field] ?? "string";
        return (
          <Group key={index} gap={6} wrap="wrap">
            <Select aria-label={t("knowledge.field")} size="xs" w={{ base: "calc(50% - 20px)", xs: 170 }} data={fields.map((field) => field.name)} value={row.field} onChange={(field) => field && put(index, withField(row, field, types))} allowDeselect={false} />
            <Select
              aria-label={t("knowledge.operator")}
              size="xs"
              w={{ base: "calc(50% - 20px)", xs: 150 }}
              data={OPERATORS[type].map((operator) => ({ value: operator, label: t(operatorKey(operator)) }))}
              value={row.operator}
              onChange={(operator) => operator && put(index, { ...row, operator })}
              allowDeselect={false}
            />
            {needsValue(row.operator) && (
              <TextInput
                aria-label={t("knowledge.value")}
                size="xs"
                flex={1}
                miw={140}
                type={type === "time" ? "date" : type === "number" ? "number" : "text"}
                placeholder={takesList(row.operator) ? t("knowledge.listPlaceholder") : undefined}
                value={row.value}
                onChange={(event) => put(index, { ...row, value: event.currentTarget.value })}
              />
            )}
            <ActionIcon variant="subtle" aria-label={t("knowledge.removeCondition")} onClick={() => onChange({ ...value, rows: value.rows.filter((_, place) => place !== index) })}>
              <IconX size={15} />
            </ActionIcon>
          </Group>
        );
      })}
      <Button size="compact-sm" variant="subtle" leftSection={<IconPlus size={14} />} style={{ alignSelf: "flex-start" }} onClick={add} disabled={fields.length === 0}>
        {t("knowledge.addCondition")}
      </Button>
    </Stack>
  );
}
