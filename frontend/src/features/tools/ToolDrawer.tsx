/** One tool: try it, enter what it needs, read what it takes and gives. */
import { Alert, Badge, Code, Drawer, Group, Stack, Tabs, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconAlertTriangle, IconPencil } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";
import { Credentials } from "./Credentials";
import { stateOf } from "./groups";
import { Parameters } from "./Parameters";
import { useToolList } from "./queries";
import { TryOut } from "./TryOut";
import type { ToolInfo } from "./types";
import { useToolWords } from "@/shared/tools/words";

export function ToolDrawer({ name }: { name: string | null }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const words = useToolWords();
  const tools = useToolList();
  const narrow = useMediaQuery("(max-width: 640px)");
  const tool = tools.data?.find((each) => each.name === name);
  const close = () => {
    const rest = new URLSearchParams(params);
    rest.delete("part");
    void navigate({ pathname: route("tools"), search: rest.toString() });
  };
  return (
    <Drawer opened={name !== null} onClose={close} size={narrow ? "100%" : 600} title={tool ? words.title(tool) : (name ?? "")} closeButtonProps={{ "aria-label": t("common.close") }}>
      {tools.isPending && <RowsSkeleton />}
      {tools.isError && <ErrorState error={tools.error} onRetry={() => void tools.refetch()} />}
      {tools.data && name !== null && !tool && <Text c="dimmed">{t("tools.unknown", { name })}</Text>}
      {tool && <ToolParts key={tool.name} tool={tool} />}
    </Drawer>
  );
}

const PARTS = ["try", "credentials", "details"] as const;

function ToolParts({ tool }: { tool: ToolInfo }) {
  const { t } = useTranslation();
  const words = useToolWords();
  const [params, setParams] = useSearchParams();
  const parts = PARTS.filter((part) => part !== "credentials" || tool.credentials.length > 0);
  // Where it opens is chosen once: what is saved here must not turn the page.
  const [first] = useState(stateOf(tool) === "needs" ? "credentials" : "try");
  const part = parts.find((each) => each === params.get("part")) ?? first;
  const show = (value: string | null) =>
    setParams(
      (before) => {
        const next = new URLSearchParams(before);
        if (value) next.set("part", value);
        return next;
      },
      { replace: true },
    );
  return (
    <Stack gap="md">
      <Text>{words.does(tool)}</Text>
      <Group gap={6}>
        <Code>{tool.name}</Code>
        {tool.writes && (
          <Badge color="yellow" c="var(--warning-text)" leftSection={<IconPencil size={12} />}>
            {t("tools.writes")}
          </Badge>
        )}
      </Group>
      {tool.reason_off && (
        <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t("tools.offTitle")}>
          <Text size="sm">{tool.reason_off}</Text>
          <Text size="sm" mt={4}>
            {t("tools.offText")}
          </Text>
        </Alert>
      )}
      {tool.writes && (
        <Text size="sm" c="dimmed">
          {t("tools.writesText")}
        </Text>
      )}
      <Tabs value={part} onChange={show} keepMounted={false}>
        <Tabs.List mb="md">
          {parts.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`tools.parts.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="try">
          <TryOut tool={tool} onEnter={() => show("credentials")} />
        </Tabs.Panel>
        <Tabs.Panel value="credentials">
          <Credentials tool={tool} />
        </Tabs.Panel>
        <Tabs.Panel value="details">
          <Parameters tool={tool} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
