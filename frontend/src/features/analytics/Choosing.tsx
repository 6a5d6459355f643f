/** The period and the filters, all in the address. */
import { Button, Group, Pill, Popover, SegmentedControl, Select, Stack, TextInput } from "@mantine/core";
import { IconCalendar } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApps } from "@/shared/api/queries";
import { type Choice, FILTER_NAMES, PERIODS } from "./choice";

interface ChoosingProps {
  choice: Choice;
  appId: string | undefined;
  onChange: (change: Record<string, string | null>) => void;
}

export function Choosing({ choice, appId, onChange }: ChoosingProps) {
  const { t } = useTranslation();
  const apps = useApps();
  const chips = FILTER_NAMES.filter((name) => name !== "app" && choice.filters[name]);
  return (
    <>
      <Group mb="sm" gap="xs">
        <SegmentedControl
          size="xs"
          aria-label={t("analytics.period")}
          data={PERIODS.map((value) => ({ value, label: t(`analytics.periods.${value}`) }))}
          value={choice.period ?? ""}
          onChange={(period) => onChange({ period, since: null, until: null })}
        />
        <OwnPeriod choice={choice} onChange={onChange} />
        {!appId && (
          <Select
            w={{ base: "100%", xs: 200 }}
            placeholder={t("analytics.anyApp")}
            aria-label={t("analytics.dimensions.app")}
            data={(apps.data ?? []).map((app) => ({ value: app.id, label: app.name }))}
            value={choice.filters.app ?? null}
            onChange={(app) => onChange({ app, version: null })}
            clearable
            searchable
          />
        )}
      </Group>
      {chips.length > 0 && (
        <Group gap={6} mb="sm" role="group" aria-label={t("analytics.filters")}>
          {chips.map((name) => (
            <Pill key={name} withRemoveButton onRemove={() => onChange({ [name]: null })} removeButtonProps={{ "aria-label": t("analytics.removeFilter", { name: t(`analytics.dimensions.${name}`) }) }}>
              {t(`analytics.dimensions.${name}`)}: {choice.filters[name]}
            </Pill>
          ))}
        </Group>
      )}
    </>
  );
}

const localOf = (iso: string): string => {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? "" : new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

/** Two moments of one's own. */
function OwnPeriod({ choice, onChange }: Omit<ChoosingProps, "appId">) {
  const { t, i18n } = useTranslation();
  const [open, setOpen] = useState(false);
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const show = () => {
    setSince(localOf(choice.since));
    setUntil(localOf(choice.until));
    setOpen(!open);
  };
  const day = (iso: string) => (Number.isNaN(Date.parse(iso)) ? iso : new Date(iso).toLocaleDateString(i18n.language));
  const isWhole = since !== "" && until !== "" && since < until;
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" trapFocus>
      <Popover.Target>
        <Button size="xs" variant={choice.period ? "default" : "light"} leftSection={<IconCalendar size={14} />} onClick={show} aria-expanded={open}>
          {choice.period ? t("analytics.ownPeriod") : `${day(choice.since)} – ${day(choice.until)}`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <TextInput type="datetime-local" label={t("analytics.since")} value={since} onChange={(event) => setSince(event.currentTarget.value)} />
          <TextInput type="datetime-local" label={t("analytics.until")} value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
          <Button
            disabled={!isWhole}
            onClick={() => {
              onChange({ period: null, since: new Date(since).toISOString(), until: new Date(until).toISOString() });
              setOpen(false);
            }}
          >
            {t("analytics.show")}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
