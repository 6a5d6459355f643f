/** A field generated from its JSON schema, for whatever has no widget of its own. */
import { NumberInput, Select, Stack, Switch, Text } from "@mantine/core";
import type { JsonObject } from "@/shared/api/types";
import { useTranslation } from "react-i18next";
import classes from "../builder.module.css";
import { resolved } from "../graph/problems";
import { useAround, useBuilder } from "../store/BuilderContext";
import { fieldWord } from "../words";
import { kindOf } from "../graph/model";
import { TemplateEditor } from "./Editors";
import { asList, asObject, asText, type FieldProps } from "./field";
import { JsonField } from "./modelFields";
import { VariableSelect } from "./VariableSelect";

export function SchemaField(props: FieldProps) {
  const { node, name, label, value, onChange } = props;
  const { t } = useTranslation();
  const { types } = useAround();
  const editable = useBuilder((state) => state.editable);
  const root = types.get(kindOf(node))?.config_schema ?? {};
  const schema = resolved(props.schema, root);
  const shown = value === undefined ? schema.default : value;
  const options = asList(schema.enum).map(String);
  if (options.length > 0) {
    return <Select size="xs" label={label} disabled={!editable} data={options.map((each) => ({ value: each, label: fieldWord(t, each) }))} value={asText(shown) || null} allowDeselect={false} onChange={(next) => next && onChange(next)} />;
  }
  switch (schema.type) {
    case "boolean":
      return <Switch label={label} disabled={!editable} checked={shown === true} onChange={(event) => onChange(event.currentTarget.checked)} />;
    case "integer":
    case "number":
      return (
        <NumberInput size="xs" label={label} disabled={!editable} min={numberOf(schema.minimum)} max={numberOf(schema.maximum)} allowDecimal={schema.type === "number"} value={typeof shown === "number" ? shown : ""} onChange={(next) => onChange(next === "" ? undefined : Number(next))} />
      );
    case "string":
      return <TemplateEditor nodeId={node.id} label={label} value={asText(shown)} onChange={onChange} />;
    case "array":
      if (name.endsWith("_selector")) return <VariableSelect nodeId={node.id} label={label} value={shown} onChange={onChange} />;
      return <JsonField label={label} value={shown} onChange={onChange} />;
    default:
      return schema.properties ? <Nested {...props} schema={schema} label={label} value={shown} /> : <JsonField label={label} value={shown} onChange={onChange} />;
  }
}

const numberOf = (value: JsonObject[string] | undefined) => (typeof value === "number" ? value : undefined);

function Nested(props: FieldProps) {
  const { schema, label, value, onChange } = props;
  const { t } = useTranslation();
  const object = asObject(value);
  return (
    <fieldset className={classes.fieldset} aria-label={label}>
      <Text size="sm" fw={500} mb={8}>
        {label}
      </Text>
      <Stack gap="sm">
        {Object.entries(asObject(schema.properties)).map(([name, inner]) => (
          <SchemaField {...props} key={name} name={name} label={fieldWord(t, name)} schema={asObject(inner)} value={object[name]} onChange={(next) => onChange({ ...object, [name]: next ?? null })} />
        ))}
      </Stack>
    </fieldset>
  );
}
