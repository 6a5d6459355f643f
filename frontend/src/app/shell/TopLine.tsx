/** The top line: where one is, search, the state of the local models. */
import { Anchor, Breadcrumbs, Group, Kbd, Text, UnstyledButton } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { COMMAND_KEY } from "../palette/Keys";
import { usePalette } from "../palette/store";
import { JobTray } from "./JobTray";
import { ModelState } from "./ModelState";
import classes from "./shell.module.css";
import { useCrumbs } from "./useCrumbs";

export function TopLine() {
  const { t } = useTranslation();
  const crumbs = useCrumbs();
  const show = usePalette((state) => state.show);
  return (
    <header className={classes.topline}>
      <Breadcrumbs className={classes.crumbs} separatorMargin={8} aria-label={t("common.breadcrumb")} component="nav">
        {crumbs.map((crumb, index) =>
          index === crumbs.length - 1 ? (
            <Text key={crumb.to} fw={500} truncate aria-current="page">
              {crumb.label}
            </Text>
          ) : (
            <Anchor key={crumb.to} component={Link} to={crumb.to} c="dimmed" underline="never">
              {crumb.label}
            </Anchor>
          ),
        )}
      </Breadcrumbs>
      <Group gap="sm" wrap="nowrap">
        <UnstyledButton className={classes.search} onClick={() => show("palette")} aria-label={t("common.searchOrGo")} aria-keyshortcuts="Control+K Meta+K">
          <IconSearch size={15} aria-hidden />
          <span className={classes.searchWord}>{t("common.searchOrGo")}</span>
          {/* Drawn by the style sheet: it is no part of the button's name. */}
          <Kbd size="xs" className={`${classes.searchWord} ${classes.drawn}`} data-drawn={COMMAND_KEY === "⌘" ? "⌘K" : "Ctrl K"} />
        </UnstyledButton>
        <JobTray />
        <ModelState />
      </Group>
    </header>
  );
}
