/** All apps of the workspace as cards: find one, make one. */
import { Badge, Button, Card, Group, SegmentedControl, SimpleGrid, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconFileImport, IconLayoutGrid, IconPlus, IconSearch, IconTemplate } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useApps } from "@/shared/api/queries";
import type { App } from "@/shared/api/types";
import { useMay, useRoute } from "@/shared/api/workspace";
import { RelativeTime } from "@/shared/ui/bits";
import { ModeIcon } from "@/shared/ui/modes";
import { Page } from "@/shared/ui/Page";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { CreateApp } from "./CreateApp";
import { ImportApp } from "./ImportApp";

const MODES = ["chat", "agent", "completion", "chatflow", "workflow"] as const;

export function AppsPage() {
  const { t } = useTranslation();
  const may = useMay();
  const [search, setSearch] = useSearchParams();
  const mode = search.get("mode") ?? "";
  const text = search.get("search") ?? "";
  const [asked] = useDebouncedValue(text, 200);
  const apps = useApps({ mode, search: asked });
  const put = (name: string, value: string) =>
    setSearch(
      (params) => {
        if (value) params.set(name, value);
        else params.delete(name);
        return params;
      },
      { replace: true },
    );
  const filtered = mode !== "" || text !== "";
  const create = may.edit && (
    <>
      <Button variant="default" leftSection={<IconFileImport size={16} />} onClick={() => put("import", "1")}>
        {t("apps.import.button")}
      </Button>
      <Button leftSection={<IconPlus size={16} />} onClick={() => put("new", "1")}>
        {t("apps.new")}
      </Button>
    </>
  );
  const first = may.edit && (
    <>
      <Button component={Link} to="?new=1&from=template" variant="default" leftSection={<IconTemplate size={16} />}>
        {t("templates.fromTemplate")}
      </Button>
      {create}
    </>
  );
  return (
    <Page title={t("common.rooms.apps")} description={t("apps.description")} actions={create}>
      <Group mb="md">
        <TextInput
          leftSection={<IconSearch size={16} />}
          placeholder={t("apps.search")}
          aria-label={t("apps.search")}
          value={text}
          onChange={(event) => put("search", event.currentTarget.value)}
          flex={1}
          miw={180}
          maw={{ sm: 320 }}
        />
        <SegmentedControl
          aria-label={t("apps.mode")}
          value={mode}
          onChange={(value) => put("mode", value)}
          data={[{ value: "", label: t("apps.all") }, ...MODES.map((value) => ({ value, label: t(`apps.modes.${value}`) }))]}
        />
      </Group>
      <Loaded query={apps} skeleton={<CardsSkeleton />}>
        {(list) =>
          list.length > 0 ? (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {list.map((app) => (
                <AppCard key={app.id} app={app} />
              ))}
            </SimpleGrid>
          ) : filtered ? (
            <Text c="dimmed">{t("apps.noneFound")}</Text>
          ) : (
            <EmptyState icon={IconLayoutGrid} title={t("apps.emptyTitle")} text={t("apps.emptyText")} action={first} />
          )
        }
      </Loaded>
      <ImportApp opened={search.get("import") === "1"} onClose={() => put("import", "")} />
      <CreateApp />
    </Page>
  );
}

function AppCard({ app }: { app: App }) {
  const { t } = useTranslation();
  const route = useRoute();
  return (
    <Card component={Link} to={route(`apps/${app.id}/build`)} p="md" style={{ minHeight: 148 }} className="card-link">
      <Stack gap="xs" h="100%">
        <Group gap="sm" wrap="nowrap">
          <ModeIcon mode={app.mode} />
          <Stack gap={0} miw={0}>
            <Text fw={600} truncate>
              {app.name}
            </Text>
            <Text size="xs" c="dimmed">
              {t(`apps.modes.${app.mode}`)}
            </Text>
          </Stack>
        </Group>
        <Text size="sm" c="dimmed" className="clamp-2" flex={1}>
          {app.description || t("apps.noDescription")}
        </Text>
        <Group justify="space-between">
          {app.published_version === null ? (
            <Badge color="gray">{t("apps.draft")}</Badge>
          ) : (
            <Badge>{t("apps.publishedVersion", { number: app.published_version })}</Badge>
          )}
          <Text size="xs" c="dimmed">
            <RelativeTime at={app.updated_at} />
          </Text>
        </Group>
      </Stack>
    </Card>
  );
}

function CardsSkeleton() {
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
      {[1, 2, 3].map((card) => (
        <Skeleton key={card} height={148} />
      ))}
    </SimpleGrid>
  );
}
