/** What the author of an app fixes for one of its tools, behind a fold: a form from the schema of its configuration. */
import { Collapse, Group, Text, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconChevronRight } from "@tabler/icons-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JsonObject, Tool } from "@/shared/api/types";
import { argumentsOf, configOf, fieldsOf, filledOf, type Filled } from "./schema";
import { SchemaForm } from "./SchemaForm";
import classes from "./tools.module.css";
import { useSettingWords, useToolWords } from "./words";

interface ToolSettingsProps {
  tool: Tool;
  config: JsonObject;
  /** What the server refused, by field. */
  refused?: Record<string, string>;
  disabled?: boolean;
  onChange: (config: JsonObject) => void;
}

/** Nothing for a tool that has nothing to set. */
export function ToolSettings({ tool, config, refused, disabled, onChange }: ToolSettingsProps) {
  const { t } = useTranslation();
  const words = useToolWords();
  const named = useSettingWords();
  const id = useId();
  const [open, setOpen] = useState(false);
  // A form holds more than a configuration: an emptied number, JSON that is not whole yet. It ends with what it made.
  const [typed, setTyped] = useState<{ made: string; filled: Filled } | null>(null);
  const fields = fieldsOf(tool.config_schema).map(named);
  if (fields.length === 0) return null;
  const filled = typed?.made === JSON.stringify(config) ? typed.filled : filledOf(fields, config);
  const change = (next: Filled) => {
    const made = configOf(fields, next, config);
    setTyped({ made: JSON.stringify(made), filled: next });
    onChange(made);
  };
  const set = fields.filter((field) => config[field.name] !== undefined);
  return (
    <div className={classes.settings} role="group" aria-label={t("tools.settingsOf", { name: words.title(tool) })}>
      <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open} aria-controls={id}>
        <Group gap={4} wrap="nowrap">
          <IconChevronRight size={14} className={classes.chevron} data-open={open || undefined} aria-hidden />
          <Text size="xs" fw={500}>
            {t("tools.details.settings")}
          </Text>
          {!open && refused && Object.keys(refused).length > 0 && <IconAlertTriangle size={14} color="var(--mantine-color-red-6)" aria-hidden />}
          {!open && (
            <Text size="xs" c="dimmed" truncate>
              {set.length > 0 ? set.map((field) => field.label).join(", ") : t("tools.asUsual")}
            </Text>
          )}
        </Group>
      </UnstyledButton>
      <Collapse expanded={open} id={id}>
        <div className={classes.form}>
          <SchemaForm fields={fields} filled={filled} problems={{ ...refused, ...argumentsOf(fields, filled).problems }} disabled={disabled} onChange={change} />
        </div>
      </Collapse>
    </div>
  );
}
