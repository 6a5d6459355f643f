/** A menu of filters under a name: choose, keep the present ones, forget. */
import { ActionIcon, Button, Group, Menu, Text, TextInput } from "@mantine/core";
import { IconBookmark, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { filtersOf, withFilters } from "./filters";
import { useSavedViews } from "./savedViews";

export function SavedViews({ room }: { room: string }) {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const { views, save, remove } = useSavedViews(room);
  const [name, setName] = useState("");
  const query = withFilters(new URLSearchParams(), filtersOf(search)).toString();
  return (
    <Menu position="bottom-end" width={280} closeOnItemClick={false}>
      <Menu.Target>
        <Button variant="default" leftSection={<IconBookmark size={16} />}>
          {t("runs.views.title")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {views.map((view) => (
          <Group key={view.id} gap={0} wrap="nowrap">
            <Menu.Item onClick={() => setSearch(view.query)} aria-current={view.query === query || undefined} fw={view.query === query ? 600 : undefined}>
              {view.name}
            </Menu.Item>
            <ActionIcon variant="subtle" color="gray" onClick={() => remove(view.id)} aria-label={t("runs.views.forget", { name: view.name })}>
              <IconX size={14} />
            </ActionIcon>
          </Group>
        ))}
        {views.length > 0 && <Menu.Divider />}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save({ name: name.trim(), query });
            setName("");
          }}
        >
          <Group gap="xs" p={4} wrap="nowrap">
            <TextInput flex={1} value={name} onChange={(event) => setName(event.currentTarget.value)} placeholder={t("runs.views.name")} aria-label={t("runs.views.name")} maxLength={60} />
            <Button type="submit" disabled={name.trim() === "" || query === ""}>
              {t("common.save")}
            </Button>
          </Group>
        </form>
        <Text size="xs" c="dimmed" px={6} pb={4}>
          {t(query === "" ? "runs.views.setFirst" : "runs.views.here")}
        </Text>
      </Menu.Dropdown>
    </Menu>
  );
}
