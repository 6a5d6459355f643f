/** Who, what and when: the filters of the audit log, and the way to take what they find along. */
import { Autocomplete, Button, Group, Menu, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconDownload, IconSearch, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { FILTERS, type AuditFilters } from "./auditFilters";
import classes from "./settings.module.css";

const TYPING_MS = 300;

interface AuditFilterRowProps {
  filters: AuditFilters;
  onChange: (next: Partial<AuditFilters>) => void;
  actions: string[];
  fileOf: (form: string) => string;
}

export function AuditFilterRow({ filters, onChange, actions, fileOf }: AuditFilterRowProps) {
  const { t } = useTranslation();
  // What is being typed stands here; the address follows when the hands rest.
  const [typed, setTyped] = useState(filters);
  const soon = useDebouncedCallback(onChange, TYPING_MS);
  const type = (name: keyof AuditFilters, value: string) => {
    setTyped((now) => ({ ...now, [name]: value }));
    soon({ ...typed, [name]: value });
  };
  const clear = () => {
    const none = Object.fromEntries(FILTERS.map((name) => [name, ""])) as AuditFilters;
    setTyped(none);
    onChange(none);
  };
  return (
    <Stack gap="xs">
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="xs" verticalSpacing="xs">
        <TextInput label={t("settings.who")} placeholder={t("settings.auditWho")} value={typed.actor} onChange={(event) => type("actor", event.currentTarget.value)} />
        <Autocomplete label={t("settings.action")} placeholder={t("settings.auditAction")} data={actions} value={typed.action} onChange={(value) => type("action", value)} />
        <TextInput label={t("settings.target")} placeholder={t("settings.auditSearch")} leftSection={<IconSearch size={15} />} value={typed.search} onChange={(event) => type("search", event.currentTarget.value)} className={classes.whole} />
        <TextInput type="date" label={t("settings.auditSince")} value={typed.since} onChange={(event) => type("since", event.currentTarget.value)} />
        <TextInput type="date" label={t("settings.auditUntil")} value={typed.until} onChange={(event) => type("until", event.currentTarget.value)} />
      </SimpleGrid>
      <Group gap="xs" justify="flex-end">
        {FILTERS.some((name) => typed[name] !== "") && (
          <Button variant="subtle" color="gray" leftSection={<IconX size={15} />} onClick={clear}>
            {t("settings.auditClear")}
          </Button>
        )}
        <Menu position="bottom-end" width={200}>
          <Menu.Target>
            <Button variant="default" leftSection={<IconDownload size={16} />}>
              {t("settings.auditExport")}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component="a" href={fileOf("csv")} download>
              {t("settings.auditCsv")}
            </Menu.Item>
            <Menu.Item component="a" href={fileOf("jsonl")} download>
              {t("settings.auditJsonl")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
    </Stack>
  );
}
