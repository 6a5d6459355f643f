/** What the draft would change of the live version: part by part, each a diff. */
import { Accordion, Skeleton, Stack, Text } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Draft, Version } from "@/shared/api/types";
import { changesBetween } from "./changes";
import classes from "./draft.module.css";

const TextDiff = lazy(() => import("./TextDiff"));

export function DraftChanges({ published, draft }: { published: Version; draft: Draft }) {
  const { t } = useTranslation();
  const changes = changesBetween(published.config, draft);
  if (changes.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t("build.noChanges", { number: published.number })}
      </Text>
    );
  }
  return (
    <Stack gap={6} component="section" aria-label={t("build.changes", { number: published.number })}>
      <Text size="sm" fw={500}>
        {t("build.changes", { number: published.number })}
      </Text>
      <Accordion className={classes.changes} multiple defaultValue={changes.slice(0, 2).map((change) => change.part)} classNames={{ item: classes.change, control: classes.changeHead, label: classes.changeName, content: classes.changeBody }}>
        {changes.map((change) => (
          <Accordion.Item key={change.part} value={change.part}>
            <Accordion.Control>{t(`build.parts.${change.part}`)}</Accordion.Control>
            <Accordion.Panel>
              <Suspense fallback={<Skeleton height={48} />}>
                <TextDiff before={change.before} after={change.after} label={t(`build.parts.${change.part}`)} />
              </Suspense>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  );
}
