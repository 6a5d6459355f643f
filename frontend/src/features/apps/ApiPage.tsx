/** The app over HTTP: where it answers, its keys, and how to call it. */
import { Box, Group, Paper, SegmentedControl, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { useApp } from "@/shared/api/queries";
import { isGraphMode, type App } from "@/shared/api/types";
import { useDraft, useGraphDraft } from "@/shared/draft/DraftContext";
import { CopyButton } from "@/shared/ui/bits";
import { Page } from "@/shared/ui/Page";
import { Loaded } from "@/shared/ui/states";
import { Keys } from "./Keys";
import { graphVariables, snippet, type SnippetKind } from "./snippets";

const SNIPPETS: { value: SnippetKind; label: string }[] = [
  { value: "curl", label: "curl" },
  { value: "javascript", label: "JavaScript" },
  { value: "openai", label: "Python" },
  { value: "dify", label: "Python (Dify)" },
];

export function ApiPage() {
  const { t } = useTranslation();
  const { appId = "" } = useParams();
  const app = useApp(appId);
  return (
    <Page title={t("apps.tabs.api")} description={t("apps.apiText")} maw={860}>
      <Loaded query={app}>
        {(loaded) => (
          <Stack gap="lg">
            <Keys app={loaded} />
            <Snippets app={loaded} />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

function Snippets({ app }: { app: App }) {
  const { t } = useTranslation();
  const prompt = useDraft((state) => state.draft.variables);
  const graph = useGraphDraft((state) => state.draft.graph);
  const variables = isGraphMode(app.mode) ? graphVariables(graph) : prompt;
  const kinds = SNIPPETS.filter(({ value }) => app.mode !== "workflow" || value === "curl" || value === "javascript");
  const [kind, setKind] = useState<SnippetKind>("curl");
  const baseUrl = `${window.location.origin}/v1`;
  const code = snippet(kind, app, variables, baseUrl, t("apps.exampleQuestion"));
  return (
    <Paper p="lg">
      <Stack>
        <Group justify="space-between">
          <Title order={2}>{t("apps.callIt")}</Title>
          <SegmentedControl
            size="xs"
            value={kind}
            onChange={(value) => setKind(value as SnippetKind)}
            aria-label={t("apps.callIt")}
            data={kinds}
          />
        </Group>
        <Group gap="xs">
          <Text size="sm" c="dimmed">
            {t("apps.baseUrl")}
          </Text>
          <Text className="mono">{baseUrl}</Text>
          <CopyButton value={baseUrl} />
        </Group>
        <Box pos="relative">
          <Box
            component="pre"
            className="mono"
            m={0}
            p="md"
            pt={{ base: 44, sm: "md" }}
            tabIndex={0}
            style={{ background: "var(--surface-sunken)", border: "1px solid var(--hairline)", borderRadius: 8, overflowX: "auto", lineHeight: 1.6 }}
          >
            {code}
          </Box>
          <Box pos="absolute" top={8} right={8}>
            <CopyButton value={code} />
          </Box>
        </Box>
        {app.published_version === null && (
          <Text size="sm" c="dimmed">
            {t("apps.publishFirst")}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
