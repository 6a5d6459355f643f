/** All tools in groups, found by a word or by their state; both stand in the address. */
import { Badge, Card, Group, SegmentedControl, SimpleGrid, Stack, Text, TextInput, ThemeIcon, Title } from "@mantine/core";
import { IconPuzzle, IconSearch, IconTool } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { EmptyState, Loaded, RowsSkeleton } from "@/shared/ui/states";
import { StatusDot } from "@/shared/ui/StatusBadge";
import { GROUPS, groupOf, ICONS, stateOf, usesNetwork, type ToolState } from "./groups";
import { useToolList } from "./queries";
import type { ToolInfo } from "./types";
import { useToolWords } from "@/shared/tools/words";

const FILTERS = ["all", "ready", "needs", "off"] as const;
const COLORS: Record<ToolState, string> = { ready: "accent.6", needs: "yellow.6", off: "red.6" };

export function ToolList() {
  const { t } = useTranslation();
  const words = useToolWords();
  const tools = useToolList();
  const [params, setParams] = useSearchParams();
  const word = params.get("q") ?? "";
  const filter = FILTERS.find((each) => each === params.get("state")) ?? "all";
  const put = (name: string, value: string) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set(name, value);
        else next.delete(name);
        return next;
      },
      { replace: true },
    );
  const matches = (tool: ToolInfo) =>
    (filter === "all" || stateOf(tool) === filter) && `${words.title(tool)} ${words.does(tool)} ${tool.name} ${tool.title}`.toLowerCase().includes(word.toLowerCase());
  return (
    <Stack gap="lg">
      <Group gap="sm">
        <TextInput flex={1} miw={200} maw={360} aria-label={t("tools.search")} placeholder={t("tools.search")} leftSection={<IconSearch size={16} />} value={word} onChange={(event) => put("q", event.currentTarget.value)} />
        <SegmentedControl size="xs" aria-label={t("tools.filter")} value={filter} onChange={(value) => put("state", value === "all" ? "" : value)} data={FILTERS.map((value) => ({ value, label: t(`tools.filters.${value}`) }))} />
      </Group>
      <Loaded query={tools} skeleton={<RowsSkeleton rows={4} height={104} />}>
        {(list) => {
          const found = list.filter(matches);
          if (found.length === 0) return <EmptyState icon={IconTool} title={t("tools.noneTitle")} text={t("tools.noneText")} />;
          return GROUPS.filter((group) => found.some((tool) => groupOf(tool) === group)).map((group) => (
            <section key={group} aria-labelledby={`tools-${group}`}>
              <Title order={2} id={`tools-${group}`} mb={2}>
                {t(`tools.groups.${group}`)}
              </Title>
              <Text size="sm" c="dimmed" mb="sm">
                {t(`tools.groupHints.${group}`)}
              </Text>
              <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
                {found
                  .filter((tool) => groupOf(tool) === group)
                  .map((tool) => (
                    <ToolCard key={tool.name} tool={tool} />
                  ))}
              </SimpleGrid>
            </section>
          ));
        }}
      </Loaded>
    </Stack>
  );
}

function ToolCard({ tool }: { tool: ToolInfo }) {
  const { t } = useTranslation();
  const route = useRoute();
  const words = useToolWords();
  const [params] = useSearchParams();
  const Glyph = ICONS[tool.icon] ?? IconPuzzle;
  const state = stateOf(tool);
  return (
    <Card component={Link} to={{ pathname: route(`tools/${tool.name}`), search: params.toString() }} p="md" className="card-link">
      <Group wrap="nowrap" align="flex-start" gap="sm">
        <ThemeIcon variant="light" size={32} color={state === "off" ? "gray" : "accent"}>
          <Glyph size={18} stroke={1.7} />
        </ThemeIcon>
        <Stack gap={4} flex={1} miw={0}>
          <Text fw={600}>{words.title(tool)}</Text>
          <Text size="sm" c="dimmed" className="clamp-2">
            {words.does(tool)}
          </Text>
          <Group gap={6} mt={4}>
            {state !== "ready" && (
              <Badge color={state === "off" ? "red" : "yellow"} c={state === "off" ? "var(--danger-text)" : "var(--warning-text)"} leftSection={<StatusDot color={COLORS[state]} />}>
                {t(`tools.states.${state}`)}
              </Badge>
            )}
            {tool.credentials.some((each) => each.is_stored) && <Badge color="accent">{t("tools.entered")}</Badge>}
            {usesNetwork(tool) && <Badge color="gray">{t("tools.network.badge")}</Badge>}
            {tool.writes && <Badge color="yellow" c="var(--warning-text)">{t("tools.writes")}</Badge>}
          </Group>
        </Stack>
      </Group>
    </Card>
  );
}
