/** The state of the local models in one word; opened, each model and each process of the platform. */
import { Box, Divider, Group, Popover, Stack, Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useModels } from "@/shared/api/queries";
import { useHealth } from "@/shared/api/workspace";
import { StatusBadge, StatusDot } from "@/shared/ui/StatusBadge";
import classes from "./shell.module.css";

export function ModelState() {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const models = useModels();
  const health = useHealth(opened);
  const local = models.data?.filter((model) => model.embedded) ?? [];
  const state = local.some((model) => model.state === "unreachable")
    ? "unreachable"
    : local.some((model) => model.state === "loading")
      ? "loading"
      : "ready";
  if (models.isPending || models.isError) return null;
  const color = { ready: "accent.6", loading: "yellow.6", unreachable: "red.6" }[state];
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={300} shadow="md">
      <Popover.Target>
        <UnstyledButton className={classes.models} onClick={() => setOpened(!opened)} aria-label={t(`common.localModels.${state}`)}>
          <StatusDot color={color} pulse={state === "loading"} />
          <span className={classes.searchWord}>{t(`common.localModels.${state}`)}</span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs">
          <Text size="xs" c="dimmed" fw={500}>
            {t("common.localModels.title")}
          </Text>
          {local.map((model) => (
            <Group key={model.id} justify="space-between" wrap="nowrap">
              <Text size="sm" truncate>
                {model.name}
              </Text>
              <StatusBadge status={model.state} />
            </Group>
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
