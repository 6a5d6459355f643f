/** The test sets of the workspace. */
import { Group, Paper, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconListCheck } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useApps } from "@/shared/api/queries";
import { useRoute } from "@/shared/api/workspace";
import { useTestSets } from "@/shared/evaluations/queries";
import { RelativeTime } from "@/shared/ui/bits";
import { EmptyState, Loaded } from "@/shared/ui/states";

export function Sets() {
  const { t } = useTranslation();
  const route = useRoute();
  const sets = useTestSets();
  const apps = useApps();
  return (
    <Loaded query={sets}>
      {(list) =>
        list.length === 0 ? (
          <EmptyState icon={IconListCheck} title={t("evaluations.sets.emptyTitle")} text={t("evaluations.sets.emptyText")} />
        ) : (
          <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: "none" }} aria-label={t("evaluations.sections.sets")}>
            {list.map((set) => (
              <li key={set.id}>
                <UnstyledButton component={Link} to={route(`evaluations/sets/${set.id}`)} display="block">
                  <Paper p="md" withBorder>
                    <Group justify="space-between" gap="xs">
                      <Stack gap={2} flex={1} miw={200}>
                        <Text fw={600} lineClamp={1}>
                          {set.name}
                        </Text>
                        <Text size="xs" c="dimmed">
                          {apps.data?.find((app) => app.id === set.app_id)?.name ?? t("evaluations.sets.everyApp")} · <RelativeTime at={set.updated_at} />
                        </Text>
                      </Stack>
                      <Text size="sm" c="dimmed" className="numbers">
                        {t("evaluations.sets.cases", { count: set.case_count })}
                      </Text>
                    </Group>
                  </Paper>
                </UnstyledButton>
              </li>
            ))}
          </Stack>
        )
      }
    </Loaded>
  );
}
