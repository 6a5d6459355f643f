/** What the list is narrowed by: all of it stands in the address, so that a link shows what the sender saw. */
import { Button, CloseButton, Group, Pill, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useApps } from "@/shared/api/queries";
import type { RunSource, RunStatus } from "@/shared/api/runTypes";
import { type FilterName, chipsOf, filtersOf, withFilters } from "./filters";
import { MoreFilters } from "./MoreFilters";
import { SavedViews } from "./SavedViews";

const STATUSES: RunStatus[] = ["queued", "running", "paused", "succeeded", "failed", "cancelled"];
const SOURCES: RunSource[] = ["console", "service_api", "openai", "published", "batch", "evaluation", "assistant"];
const TYPING_MS = 300;

export function FilterBar({ withApp, room }: { withApp: boolean; room: string }) {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const apps = useApps();
  const filters = filtersOf(search);
  const put = (change: Partial<Record<FilterName, string | null>>) => setSearch((params) => withFilters(params, change), { replace: true });
  const clear = () => put(Object.fromEntries(Object.keys(filters).map((name) => [name, null])));
  return (
    <>
      <Group mb="xs" gap="xs">
        <SearchField key={filters.search === undefined ? "empty" : "set"} initial={filters.search ?? ""} onChange={(text) => put({ search: text })} />
        {withApp && (
          <Select
            w={{ base: "100%", sm: 180 }}
            placeholder={t("runs.anyApp")}
            aria-label={t("runs.app")}
            data={(apps.data ?? []).map((app) => ({ value: app.id, label: app.name }))}
            value={filters.app ?? null}
            onChange={(value) => put({ app: value })}
            clearable
            searchable
          />
        )}
        <Select
          w={{ base: "calc(50% - 4px)", sm: 150 }}
          placeholder={t("runs.anyStatus")}
          aria-label={t("runs.status")}
          data={STATUSES.map((value) => ({ value, label: t(`common.status.${value}`) }))}
          value={filters.status ?? null}
          onChange={(value) => put({ status: value })}
          clearable
        />
        <Select
          w={{ base: "calc(50% - 4px)", sm: 150 }}
          placeholder={t("runs.anySource")}
          aria-label={t("runs.source")}
          data={SOURCES.map((value) => ({ value, label: t(`runs.sourceNames.${value}`) }))}
          value={filters.source ?? null}
          onChange={(value) => put({ source: value })}
          clearable
        />
        <MoreFilters filters={filters} onApply={put} />
        <SavedViews room={room} />
      </Group>
      {chipsOf(filters).length > 0 && (
        <Group gap={6} mb="xs" role="group" aria-label={t("runs.filters.set")}>
          {chipsOf(filters).map(([name, value]) => (
            <Pill key={name} withRemoveButton onRemove={() => put({ [name]: null })} removeButtonProps={{ "aria-label": t("runs.filters.remove", { name: t(`runs.filters.${name}`) }) }}>
              {t(`runs.filters.${name}`)}: {/^\d{4}-\d\d-\d\dT/.test(value) ? new Date(value).toLocaleString() : value}
            </Pill>
          ))}
          <Button size="compact-xs" variant="subtle" color="gray" onClick={clear}>
            {t("runs.filters.clear")}
          </Button>
        </Group>
      )}
    </>
  );
}

/** Typing goes into the address when it rests. */
function SearchField({ initial, onChange }: { initial: string; onChange: (text: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(initial);
  const later = useDebouncedCallback(onChange, TYPING_MS);
  return (
    <TextInput
      flex={1}
      miw={{ base: "100%", sm: 200 }}
      leftSection={<IconSearch size={16} />}
      placeholder={t("runs.search")}
      aria-label={t("runs.search")}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        later(event.currentTarget.value);
      }}
      rightSection={text !== "" && <CloseButton size="sm" aria-label={t("runs.filters.clear")} onClick={() => (setText(""), later.cancel(), onChange(""))} />}
    />
  );
}
