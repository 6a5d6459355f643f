/** The passages an answer stands on: a quiet list, the cited ones first to see, each opens in a drawer. */
import { Badge, Box, Divider, Drawer, Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconFileText } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Source } from "@/shared/api/events";
import classes from "./run.module.css";

interface SourcesProps {
  sources: Source[];
  onOpen: (position: number) => void;
}

export function Sources({ sources, onOpen }: SourcesProps) {
  const { t } = useTranslation();
  if (sources.length === 0) return null;
  return (
    <Box component="section" aria-label={t("runs.sources")} mt="sm">
      <Text size="xs" c="dimmed" fw={500} mb={4}>
        {t("runs.sources")}
      </Text>
      <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
        {sources.map((source) => (
          <li key={source.position}>
            <UnstyledButton className={classes.source} onClick={() => onOpen(source.position)}>
              <span className={source.cited ? classes.numberCited : classes.number}>{source.position}</span>
              <Text size="sm" truncate flex={1} miw={0}>
                {source.document_name}
              </Text>
              {source.page !== null && (
                <Text size="xs" c="dimmed" style={{ flex: "none" }}>
                  {t("runs.page", { page: source.page })}
                </Text>
              )}
              {source.cited && <Badge size="sm">{t("runs.cited")}</Badge>}
              <Text size="xs" c="dimmed" className="numbers" style={{ flex: "none" }}>
                {source.score.toFixed(2)}
              </Text>
            </UnstyledButton>
          </li>
        ))}
      </Stack>
    </Box>
  );
}

export function PassageDrawer({ source, onClose }: { source: Source | null; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Drawer opened={source !== null} onClose={onClose} title={t("runs.passage")} size={480}>
      {source && (
        <Stack gap="sm">
          <Group gap="xs" wrap="nowrap" align="flex-start">
            <IconFileText size={18} style={{ flex: "none", marginTop: 2 }} />
            <Text fw={600} style={{ overflowWrap: "anywhere" }}>
              {source.document_name}
            </Text>
          </Group>
          <Group gap="xs">
            {source.page !== null && <Badge>{t("runs.page", { page: source.page })}</Badge>}
            <Badge color="gray" className="numbers">
              {t("runs.score", { score: source.score.toFixed(3) })}
            </Badge>
            {source.cited && <Badge>{t("runs.cited")}</Badge>}
          </Group>
          <Divider />
          <Text style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }} lh={1.65}>
            {source.text}
          </Text>
        </Stack>
      )}
    </Drawer>
  );
}
