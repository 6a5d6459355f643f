/** Above the canvas: what is wrong, variables, what surrounds a conversation, the file, and the run. */
import { ActionIcon, Badge, Button, Group, Menu, Popover, Text, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconDots, IconDownload, IconPlayerPlay, IconSettings, IconVariable } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { apiUrl } from "@/shared/api/client";
import { useMay } from "@/shared/api/workspace";
import { saveFrom } from "@/shared/ui/saveFile";
import classes from "./builder.module.css";
import { useShowNode } from "./canvas/Dialogs";
import canvas from "./canvas/canvas.module.css";
import { closeBuilderPanel, openBuilderPanel, usePanels } from "./canvas/panels";
import { FeaturesDrawer } from "./drawers/FeaturesDrawer";
import { VariablesDrawer } from "./drawers/VariablesDrawer";
import { nodeById, titleOf } from "./graph/model";
import type { Problem } from "./graph/problems";
import { graphNow } from "./store/builder";
import { useBuilder, useBuilderApp } from "./store/BuilderContext";
import { useWords } from "./words";

export function TopBar({ narrow }: { narrow: boolean }) {
  const { t } = useTranslation();
  const may = useMay();
  const app = useBuilderApp();
  const open = usePanels((state) => state.open);
  const chatflow = app.mode === "chatflow";
  const run = () => (open === "run" ? closeBuilderPanel() : openBuilderPanel("run"));
  return (
    <div className={classes.topbar}>
      <Group gap={6} wrap="nowrap">
        <Problems />
        {!narrow && (
          <>
            <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconVariable size={15} />} onClick={() => openBuilderPanel("variables")}>
              {t("workflow.variables.title")}
            </Button>
            {chatflow && (
              <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconSettings size={15} />} onClick={() => openBuilderPanel("features")}>
                {t("workflow.features.title")}
              </Button>
            )}
          </>
        )}
      </Group>
      <Group gap={6} wrap="nowrap">
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" size={30} aria-label={t("workflow.moreActions")}>
              <IconDots size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconDownload size={15} />} onClick={() => void saveFrom(apiUrl(`/apps/${app.id}/export`), `${app.slug}.yml`, { Accept: "application/yaml" })}>
              {t("workflow.export")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
        {may.edit && (
          <Button size="compact-md" variant={open === "run" ? "filled" : "light"} leftSection={<IconPlayerPlay size={15} />} onClick={run} aria-expanded={open === "run"}>
            {chatflow ? t("workflow.run.preview") : t("workflow.run.start")}
          </Button>
        )}
      </Group>
      <VariablesDrawer opened={open === "variables"} onClose={closeBuilderPanel} />
      {chatflow && <FeaturesDrawer opened={open === "features"} onClose={closeBuilderPanel} />}
    </div>
  );
}

/** Everything that is wrong, each a way to its node. */
function Problems() {
  const { t } = useTranslation();
  const byNode = useBuilder((state) => state.problems);
  const graph = useBuilder(graphNow);
  const open = usePanels((state) => state.open === "problems");
  const words = useWords();
  const show = useShowNode();
  const list = [...byNode.values()].flat();
  const errors = list.filter((problem) => problem.severity === "error").length;
  const go = (problem: Problem) => {
    closeBuilderPanel();
    if (problem.nodeId) show(problem.nodeId);
  };
  if (list.length === 0) {
    return (
      <Badge color="gray" variant="transparent" leftSection={<IconCheck size={13} />}>
        {t("workflow.noProblems")}
      </Badge>
    );
  }
  return (
    <Popover opened={open} onChange={(next) => !next && closeBuilderPanel()} width={380} position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button size="compact-sm" variant="light" color={errors > 0 ? "red" : "yellow"} leftSection={<IconAlertTriangle size={14} />} onClick={() => (open ? closeBuilderPanel() : openBuilderPanel("problems"))}>
          {t("workflow.problemCount", { count: list.length })}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={6} mah={360} style={{ overflowY: "auto" }}>
        {list.map((problem, index) => {
          const node = nodeById(graph, problem.nodeId);
          return (
            <UnstyledButton key={index} className={canvas.pickerItem} onClick={() => go(problem)}>
              <IconAlertTriangle size={15} style={{ flex: "none" }} color={problem.severity === "error" ? "var(--mantine-color-red-6)" : "var(--mantine-color-yellow-6)"} />
              <span>
                <Text size="sm" fw={500}>
                  {node ? titleOf(node) : t("workflow.wholeGraph")}
                </Text>
                <Text size="xs" c="dimmed">
                  {words.problem(problem)}
                </Text>
              </span>
            </UnstyledButton>
          );
        })}
      </Popover.Dropdown>
    </Popover>
  );
}
