/** Who changed what lately, in words; what is still there can be visited. */
import { Anchor, Group, Paper, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { RelativeTime } from "@/shared/ui/bits";
import type { Change } from "./overview";

const WORDS = {
  "app.created": "appCreated",
  "app.imported": "appImported",
  "app.published": "appPublished",
  "app.version_restored": "appRestored",
  "app.deleted": "appDeleted",
  "dataset.created": "datasetCreated",
  "dataset.deleted": "datasetDeleted",
  "document.uploaded": "documentsAdded",
  "document.replaced": "documentsReplaced",
  "document.deleted": "documentsDeleted",
  "document.linked": "documentsAdded",
} as const;

const wordOf = (action: string) => (action in WORDS ? WORDS[action as keyof typeof WORDS] : null);

export function Changes({ changes }: { changes: Change[] }) {
  const { t } = useTranslation();
  const route = useRoute();
  const known = changes.filter((change) => wordOf(change.action));
  if (known.length === 0) return null;
  return (
    <section aria-label={t("home.changes")}>
      <Title order={2} mb="sm">
        {t("home.changes")}
      </Title>
      <Paper style={{ overflow: "hidden" }}>
        {known.map((change) => {
          const word = wordOf(change.action);
          const path = change.kind === "app" ? `apps/${change.target_id}` : `knowledge/${change.target_id}`;
          return (
            <Group key={`${change.action}-${change.target_id}-${change.at}`} className="list-row" gap="sm" wrap="nowrap">
              <Text size="sm" flex={1} miw={0} truncate>
                {change.is_there ? (
                  <Anchor component={Link} to={route(path)} fw={500} size="sm">
                    {change.name}
                  </Anchor>
                ) : (
                  <Text span fw={500} size="sm">
                    {change.name}
                  </Text>
                )}{" "}
                {word && t(`home.did.${word}`)}
              </Text>
              <Text size="sm" c="dimmed" visibleFrom="sm" truncate maw={200}>
                {change.actor}
              </Text>
              <Text size="sm" c="dimmed" w={84} ta="right" style={{ flex: "none" }}>
                <RelativeTime at={change.at} />
              </Text>
            </Group>
          );
        })}
      </Paper>
    </section>
  );
}
