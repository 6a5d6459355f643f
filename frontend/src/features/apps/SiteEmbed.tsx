/** The page inside other pages: which may frame it, and what to paste there. */
import { Box, Button, Group, Paper, SegmentedControl, Stack, Text, Textarea, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/shared/api/client";
import type { App } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import type { Site } from "@/shared/site/types";
import { CopyButton } from "@/shared/ui/bits";
import { LeaveGuard } from "@/shared/ui/LeaveGuard";
import classes from "./site.module.css";
import { embedSnippet, originsOf, type EmbedKind } from "./siteSnippets";

interface SiteEmbedProps {
  app: App;
  site: Site;
  onSave: (changes: Partial<Site>) => Promise<Site>;
}

export function SiteEmbed({ app, site, onSave }: SiteEmbedProps) {
  const { t } = useTranslation();
  const may = useMay();
  const [kind, setKind] = useState<EmbedKind>("bubble");
  const [text, setText] = useState(site.embed_origins.join("\n"));
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const origins = originsOf(text);
  const dirty = origins.join("\n") !== site.embed_origins.join("\n");
  const code = embedSnippet(kind, window.location.origin, site, site.name || app.name);
  const save = async () => {
    setProblem("");
    setBusy(true);
    try {
      setText((await onSave({ embed_origins: origins })).embed_origins.join("\n"));
    } catch (reason) {
      if (reason instanceof ApiError) setProblem(Object.values(reason.fields)[0] ?? reason.message);
    }
    setBusy(false);
  };
  return (
    <Paper p="lg">
      <LeaveGuard dirty={dirty} />
      <Stack>
        <Stack gap={4}>
          <Title order={2}>{t("site.embedTitle")}</Title>
          <Text size="sm" c="dimmed">
            {t("site.embedText")}
          </Text>
        </Stack>
        <Group align="flex-end" wrap="nowrap">
          <Textarea
            flex={1}
            className="mono"
            label={t("site.origins")}
            description={t("site.originsHint")}
            placeholder="https://example.com"
            autosize
            minRows={1}
            maxRows={8}
            disabled={!may.edit}
            value={text}
            error={problem || undefined}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          {may.edit && (
            <Button variant="default" disabled={!dirty} loading={busy} onClick={() => void save()}>
              {t("common.save")}
            </Button>
          )}
        </Group>
        <Group justify="space-between">
          <SegmentedControl
            size="xs"
            aria-label={t("site.embedTitle")}
            value={kind}
            onChange={(value) => setKind(value as EmbedKind)}
            data={(["bubble", "frame"] as const).map((value) => ({ value, label: t(`site.kinds.${value}`) }))}
          />
          <Text size="xs" c="dimmed">
            {t(`site.kindHints.${kind}`)}
          </Text>
        </Group>
        <Box pos="relative">
          <pre className={`mono ${classes.code}`} tabIndex={0}>
            {code}
          </pre>
          <Box pos="absolute" top={8} right={8}>
            <CopyButton value={code} />
          </Box>
        </Box>
      </Stack>
    </Paper>
  );
}
