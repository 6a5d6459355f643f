/** What can be done with the chosen documents, and with how many of them. */
import { Button, Group, Paper, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { DocumentAction, KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import classes from "../knowledge.module.css";
import { ACTION_ICONS } from "./actionIcons";
import { actionsFor } from "./documentModel";

interface BulkBarProps {
  chosen: KnowledgeDocument[];
  busy: boolean;
  onAct: (action: DocumentAction) => void;
  onClear: () => void;
}

export function BulkBar({ chosen, busy, onAct, onClear }: BulkBarProps) {
  const { t } = useTranslation();
  if (chosen.length === 0) return null;
  return (
    <Paper px="sm" py={6} className={classes.bulk} role="toolbar" aria-label={t("knowledge.chosen", { count: chosen.length })}>
      <Group gap={4}>
        <Text size="sm" fw={500} mr="xs" className="numbers" aria-live="polite">
          {t("knowledge.chosen", { count: chosen.length })}
        </Text>
        {actionsFor(chosen).map(({ action, count }) => {
          const Glyph = ACTION_ICONS[action];
          return (
            <Button key={action} size="compact-sm" variant="subtle" color={action === "delete" ? "red" : "gray"} leftSection={<Glyph size={15} />} disabled={busy} onClick={() => onAct(action)}>
              {t(`knowledge.actions.${action}`)}
              {count < chosen.length && ` (${count})`}
            </Button>
          );
        })}
        <Button size="compact-sm" variant="subtle" color="gray" ml="auto" onClick={onClear}>
          {t("knowledge.clearChoice")}
        </Button>
      </Group>
    </Paper>
  );
}
