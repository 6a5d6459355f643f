/** What a column runs: its version and model at a glance, its parameters and prompt behind a button. */
import { ActionIcon, Button, Group, Indicator, Popover, Select, Stack, Tooltip } from "@mantine/core";
import { IconAdjustments, IconArrowBarToLeft, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useModels } from "@/shared/api/queries";
import type { Draft, Version } from "@/shared/api/types";
import classes from "../build.module.css";
import { isChanged, variantOf, type Column } from "./columns";
import { ColumnSettings } from "./ColumnSettings";

interface ColumnHeadProps {
  column: Column;
  base: Draft | null;
  versions: Version[];
  onChange: (column: Column) => void;
  onTake: () => void;
  onRemove?: () => void;
}

export function ColumnHead({ column, base, versions, onChange, onTake, onRemove }: ColumnHeadProps) {
  const { t } = useTranslation();
  const models = useModels();
  const chat = (models.data ?? []).filter((model) => model.kind === "chat").map((model) => model.id);
  const model = base ? variantOf(column, base).model.id : (column.model ?? "");
  const bases = ["draft", ...versions.map((version) => String(version.number))];
  const changed = isChanged(column);
  const numbers = base ? base.model.id : "";
  return (
    <Stack gap={6} className={classes.columnHead}>
      <Group gap={6} wrap="nowrap">
        <span className={classes.columnKey}>{column.key}</span>
        <Select
          size="xs"
          flex={1}
          miw={0}
          aria-label={t("build.columnBase", { column: column.key })}
          data={bases.map((value) => ({ value, label: value === "draft" ? t("build.draft") : t("build.versionNumber", { number: Number(value) }) }))}
          value={String(column.base)}
          onChange={(value) => value && onChange({ ...column, base: value === "draft" ? "draft" : Number(value) })}
          allowDeselect={false}
          comboboxProps={{ width: 220, position: "bottom-start" }}
        />
        <Popover position="bottom-end" width={320} shadow="md" trapFocus>
          <Popover.Target>
            <Tooltip label={t("build.columnSettings")}>
              <Indicator disabled={!column.prompt && !column.parameters} size={7} offset={4}>
                <ActionIcon variant="subtle" aria-label={t("build.columnSettingsOf", { column: column.key })}>
                  <IconAdjustments size={16} />
                </ActionIcon>
              </Indicator>
            </Tooltip>
          </Popover.Target>
          <Popover.Dropdown>
            {base && <ColumnSettings column={column} base={base} onChange={onChange} />}
          </Popover.Dropdown>
        </Popover>
        {onRemove && (
          <Tooltip label={t("build.columnRemove")}>
            <ActionIcon variant="subtle" onClick={onRemove} aria-label={t("build.columnRemoveOf", { column: column.key })}>
              <IconX size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </Group>
      <Group gap={6} wrap="nowrap">
        <Select
          size="xs"
          flex={1}
          miw={0}
          aria-label={t("build.columnModel", { column: column.key })}
          data={chat.includes(model) || !model ? chat : [...chat, model]}
          value={model || null}
          onChange={(id) => id && onChange({ ...column, model: id === numbers ? undefined : id })}
          searchable
          allowDeselect={false}
          comboboxProps={{ width: 280, position: "bottom-start" }}
        />
        <Tooltip label={t("build.columnTakeHint")}>
          <Button className={classes.quiet} size="compact-xs" variant="subtle" leftSection={<IconArrowBarToLeft size={14} />} onClick={onTake} disabled={!base || (column.base === "draft" && !changed)} aria-label={t("build.columnTakeOf", { column: column.key })}>
            {t("build.columnTake")}
          </Button>
        </Tooltip>
      </Group>
    </Stack>
  );
}
