/** The passages an answer stands on: a quiet list, the cited ones first to see, each opens where it stands. */
import { Badge, Box, Button, Divider, Drawer, Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconFileText } from "@tabler/icons-react";
import { useContext } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Source } from "@/shared/api/events";
import { WorkspaceContext } from "@/shared/api/workspace";
import { PassagePlace } from "../passage/PassagePlace";
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

/** Its document on the page for knowledge, with the passage before all others. */
function placeOf(source: Source): string {
  const place = new URLSearchParams({ document: source.document_id, chunk: source.chunk_id });
  if (source.page !== null) place.set("page", String(source.page));
  return `knowledge/${source.dataset_id}?${place}`;
}

export function PassageDrawer({ source, onClose }: { source: Source | null; onClose: () => void }) {
  const { t } = useTranslation();
  const workspace = useContext(WorkspaceContext);
  const narrow = useMediaQuery("(max-width: 760px)");
  return (
    <Drawer opened={source !== null} onClose={onClose} title={t("runs.passage")} size={narrow ? "100%" : 720}>
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
            {workspace && (
              <Button component={Link} to={`/w/${workspace.id}/${placeOf(source)}`} variant="default" size="compact-xs" ml="auto" leftSection={<IconFileText size={14} />}>
                {t("runs.openDocument")}
              </Button>
            )}
          </Group>
          <Divider />
          <PassagePlace key={source.chunk_id} address={{ datasetId: source.dataset_id, documentId: source.document_id, chunkId: source.chunk_id }} text={source.text} />
        </Stack>
      )}
    </Drawer>
  );
}
