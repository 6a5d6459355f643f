/** The filters that are needed now and then, in a form that is applied as a whole. */
import { Button, Group, NumberInput, Popover, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { IconAdjustmentsHorizontal } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type FilterName, type Filters, chipsOf, fromLocalField, toLocalField } from "./filters";
import { useMembers } from "./queries";

const RANGES = ["cost", "elapsed_ms", "ttft_ms", "tokens"] as const;
const TEXTS = ["version", "model", "end_user", "error_code", "node", "key", "conversation"] as const;

interface MoreFiltersProps {
  filters: Filters;
  onApply: (change: Partial<Record<FilterName, string | null>>) => void;
}

export function MoreFilters({ filters, onApply }: MoreFiltersProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const count = chipsOf(filters).length;
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={360} trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconAdjustmentsHorizontal size={16} />} onClick={() => setOpen(!open)} aria-expanded={open}>
          {count > 0 ? t("runs.filters.moreCount", { count }) : t("runs.filters.more")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown mah="70vh" style={{ overflowY: "auto" }}>
        {open && (
          <Form
            filters={filters}
            onApply={(change) => {
              onApply(change);
              setOpen(false);
            }}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function Form({ filters, onApply }: MoreFiltersProps) {
  const { t } = useTranslation();
  const members = useMembers(true);
  const [draft, setDraft] = useState<Partial<Record<FilterName, string | null>>>(filters);
  const put = (name: FilterName, value: string | null) => setDraft({ ...draft, [name]: value });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onApply(draft);
      }}
    >
      <Stack gap="sm">
        <SimpleGrid cols={2} spacing="xs">
          {(["since", "until"] as const).map((name) => (
            <TextInput key={name} type="datetime-local" label={t(`runs.filters.${name}`)} value={toLocalField(draft[name] ?? "")} onChange={(event) => put(name, fromLocalField(event.currentTarget.value))} />
          ))}
        </SimpleGrid>
        {RANGES.map((name) => (
          <Group key={name} gap="xs" wrap="nowrap" align="flex-end">
            <Text size="sm" w={110} pb={8}>
              {t(`runs.filters.ranges.${name}`)}
            </Text>
            {(["min", "max"] as const).map((bound) => (
              <NumberInput
                key={bound}
                flex={1}
                miw={0}
                min={0}
                hideControls
                placeholder={t(`runs.filters.${bound}`)}
                aria-label={t(`runs.filters.${name}_${bound}`)}
                value={draft[`${name}_${bound}`] ?? ""}
                onChange={(value) => put(`${name}_${bound}`, String(value))}
              />
            ))}
          </Group>
        ))}
        <SimpleGrid cols={2} spacing="xs">
          <Select
            label={t("runs.filters.member")}
            data={(members.data ?? []).map((member) => ({ value: member.user.id, label: member.user.email }))}
            value={draft.member ?? null}
            onChange={(value) => put("member", value)}
            comboboxProps={{ withinPortal: false }}
            clearable
          />
          <Select
            label={t("runs.filters.feedback")}
            data={(["like", "dislike", "any"] as const).map((value) => ({ value, label: t(`runs.filters.verdicts.${value}`) }))}
            value={draft.feedback ?? null}
            onChange={(value) => put("feedback", value)}
            comboboxProps={{ withinPortal: false }}
            clearable
          />
          {TEXTS.map((name) => (
            <TextInput key={name} label={t(`runs.filters.${name}`)} value={draft[name] ?? ""} onChange={(event) => put(name, event.currentTarget.value)} />
          ))}
        </SimpleGrid>
        <Button type="submit">{t("runs.filters.apply")}</Button>
      </Stack>
    </form>
  );
}
