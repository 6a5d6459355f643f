/** The versions of a prompt: each with its note, what it changes, and the way back to it. */
import { Badge, Button, Group, Modal, Paper, SegmentedControl, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconRestore } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/shared/api/workspace";
import { RelativeTime } from "@/shared/ui/bits";
import { Loaded } from "@/shared/ui/states";
import type { PromptDetail, PromptVersion } from "./promptTypes";
import classes from "./prompts.module.css";
import { usePromptVersions } from "./queries";

const TextDiff = lazy(() => import("@/shared/draft/TextDiff"));

export function Versions({ prompt, text, onRestore }: { prompt: PromptDetail; text: string; onRestore: (text: string) => void }) {
  const { t } = useTranslation();
  const versions = usePromptVersions(prompt.id);
  const [shown, setShown] = useState<PromptVersion | null>(null);
  const before = versions.data?.find((each) => each.number === (shown?.number ?? 0) - 1) ?? null;
  return (
    <Stack gap="xs">
      <Title order={2}>{t("prompts.versions")}</Title>
      <Loaded query={versions}>
        {(list) => (
          <Stack gap="xs">
            {list.map((version) => (
              <Paper key={version.id} p="sm">
                <Group justify="space-between" wrap="nowrap" align="flex-start">
                  <Stack gap={2} miw={0}>
                    <Group gap={6}>
                      <Text size="sm" fw={600}>
                        {t("prompts.version", { number: version.number })}
                      </Text>
                      {version.number === prompt.version && <Badge size="sm">{t("prompts.newest")}</Badge>}
                    </Group>
                    {version.note && <Text size="sm">{version.note}</Text>}
                    <Text size="xs" c="dimmed">
                      <RelativeTime at={version.created_at} />
                      {version.created_by && ` · ${version.created_by.email}`}
                    </Text>
                  </Stack>
                  <Button size="compact-xs" variant="default" style={{ flex: "none" }} onClick={() => setShown(version)} aria-label={t("prompts.compareVersion", { number: version.number })}>
                    {t("prompts.compare")}
                  </Button>
                </Group>
              </Paper>
            ))}
          </Stack>
        )}
      </Loaded>
      <Modal opened={shown !== null} onClose={() => setShown(null)} title={t("prompts.version", { number: shown?.number ?? 0 })} size="xl">
        {shown && (
          <Comparison
            key={shown.id}
            version={shown}
            before={before?.text ?? null}
            text={text}
            onRestore={() => {
              onRestore(shown.text);
              setShown(null);
            }}
          />
        )}
      </Modal>
    </Stack>
  );
}

function Comparison({ version, before, text, onRestore }: { version: PromptVersion; before: string | null; text: string; onRestore: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const [against, setAgainst] = useState<"now" | "before">(version.text === text && before !== null ? "before" : "now");
  const [from, to] = against === "now" ? [version.text, text] : [before ?? "", version.text];
  return (
    <Stack>
      <SegmentedControl
        size="xs"
        w="fit-content"
        aria-label={t("prompts.compareWith")}
        data={[
          { value: "now", label: t("prompts.toNow") },
          { value: "before", label: t("prompts.fromBefore"), disabled: before === null },
        ]}
        value={against}
        onChange={(next) => setAgainst(next === "before" ? "before" : "now")}
      />
      {from === to ? (
        <Text size="sm" c="dimmed">
          {t("prompts.same")}
        </Text>
      ) : null}
      <div className={classes.diff}>
        <Suspense fallback={<Skeleton height={160} radius={0} />}>
          <TextDiff before={from} after={to} label={t("prompts.compareVersion", { number: version.number })} />
        </Suspense>
      </div>
      {may.edit && version.text !== text && (
        <Group justify="flex-end">
          <Text size="xs" c="dimmed">
            {t("prompts.restoreHint")}
          </Text>
          <Button leftSection={<IconRestore size={16} />} onClick={onRestore}>
            {t("prompts.restore")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
