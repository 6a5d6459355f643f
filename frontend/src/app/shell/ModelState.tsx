/** The state of the local models in a word: ready, busy, waiting; opened, each model and each process of the platform. */
import { Anchor, Box, Divider, Group, Popover, Progress, Stack, Text, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api } from "@/shared/api/client";
import { useHealth, useRoute } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { StatusDot } from "@/shared/ui/StatusBadge";
import { loadWord, type ModelLoad, type ServerLoad } from "./modelLoad";
import classes from "./shell.module.css";

const OPEN_MS = 2_000;
const CLOSED_MS = 10_000;
const COLORS = { ready: "accent.6", busy: "accent.6", queue: "yellow.6", loading: "yellow.6", failed: "red.6", unreachable: "red.6" } as const;

export function ModelState() {
  const { t } = useTranslation();
  const route = useRoute();
  const [opened, setOpened] = useState(false);
  const load = useQuery({ queryKey: ["model-load"], queryFn: () => api.get<ServerLoad>("/model-load"), refetchInterval: opened ? OPEN_MS : CLOSED_MS });
  const health = useHealth(opened);
  if (!load.data) return null;
  const { word, count } = loadWord(load.data);
  const said = t(`models.load.${word}`, { count });
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={320} shadow="md">
      <Popover.Target>
        <UnstyledButton className={classes.models} onClick={() => setOpened(!opened)} aria-label={said} aria-expanded={opened}>
          <StatusDot color={COLORS[word]} pulse={word !== "ready" && word !== "failed" && word !== "unreachable"} />
          <span className={classes.searchWord}>{said}</span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm">
          <Group justify="space-between">
            <Text size="xs" c="dimmed" fw={500}>
              {t("common.localModels")}
            </Text>
            <Anchor component={Link} to={route("models")} size="xs" onClick={() => setOpened(false)}>
              {t("common.rooms.models")}
            </Anchor>
          </Group>
          {!load.data.is_reached && <Text size="sm">{t("models.load.unreachableText")}</Text>}
          {load.data.models.map((model) => (
            <ModelRow key={model.model} model={model} />
          ))}
          {health.data?.processes && (
            <>
              <Divider />
              <Text size="xs" c="dimmed" fw={500}>
                {t("common.processes")}
              </Text>
              {health.data.processes.map((process) => (
                <Box key={process.name}>
                  <Group gap="xs">
                    <StatusDot color={process.ok ? "accent.6" : "red.6"} />
                    <Text size="sm">{process.name}</Text>
                  </Group>
                  {!process.ok && (
                    <Text size="xs" c="dimmed">
                      {process.detail}
                    </Text>
                  )}
                </Box>
              ))}
            </>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function ModelRow({ model }: { model: ModelLoad }) {
  const { t } = useTranslation();
  const { word, count } = loadWord({ is_reached: true, models: [model] });
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Group gap={8} wrap="nowrap" miw={0}>
          <StatusDot color={model.state === "loaded" ? COLORS[word] : model.state === "failed" ? COLORS.failed : model.state === "loading" ? COLORS.loading : "gray.5"} pulse={model.active > 0} />
          <Text size="sm" truncate>
            {model.model}
          </Text>
        </Group>
        <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
          {model.state === "loaded" || model.state === "loading" || model.state === "failed" ? t(`models.load.short.${word}`, { count }) : t("models.load.short.resting")}
        </Text>
      </Group>
      {model.kv_total_tokens > 0 && (
        <Group gap="xs" wrap="nowrap">
          <Progress flex={1} size={4} value={(model.kv_used_tokens / model.kv_total_tokens) * 100} aria-label={t("models.load.context", { used: formatCount(model.kv_used_tokens), total: formatCount(model.kv_total_tokens) })} />
          <Text size="xs" c="dimmed" className="numbers">
            {t("models.load.context", { used: formatCount(model.kv_used_tokens), total: formatCount(model.kv_total_tokens) })}
          </Text>
        </Group>
      )}
      {model.reason && (
        <Text size="xs" c="dimmed">
          {model.reason}
        </Text>
      )}
    </Stack>
  );
}
