/** One step of a run: its model and tokens, what went in, the prompt as it was sent, tools, passages, what came out. */
import { Badge, Box, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RunNode } from "@/shared/api/runTypes";
import { formatCount, formatDuration } from "@/shared/format/numbers";
import { storedSteps } from "@/shared/sse/steps";
import { JsonTree } from "@/shared/ui/JsonTree";
import { PassageDrawer, Sources } from "@/shared/ui/run/Sources";
import { Steps } from "@/shared/ui/run/Steps";
import { ANNOTATION_STEP, AnnotationStep } from "./AnnotationStep";
import { Prompts } from "./Prompts";
import { StoredValues } from "./StoredValues";

export function StepDetail({ runId, node }: { runId: string; node: RunNode }) {
  const { t, i18n } = useTranslation();
  const [open, setOpen] = useState<number | null>(null);
  const sources = node.sources ?? [];
  const isAnnotation = node.kind === ANNOTATION_STEP;
  const title = isAnnotation ? t("annotations.step") : node.title || node.node_id;
  const tokens = node.usage ? node.usage.prompt_tokens + node.usage.completion_tokens : 0;
  return (
    <Stack gap="sm" component="section" aria-label={t("runs.step", { title })}>
      <Group gap="md">
        <Text fw={600}>{title}</Text>
        {node.model && (
          <Text size="sm" c="dimmed" className="mono">
            {node.model}
          </Text>
        )}
        {node.usage && tokens > 0 && (
          <Text size="sm" c="dimmed" className="numbers">
            {t("runs.usage", { prompt: formatCount(node.usage.prompt_tokens, i18n.language), completion: formatCount(node.usage.completion_tokens, i18n.language) })}
          </Text>
        )}
        {node.given && <Badge color="gray">{t("runs.given", { why: node.given })}</Badge>}
      </Group>
      {isAnnotation && <AnnotationStep node={node} />}
      {node.error && (
        <Text size="sm" c="var(--danger-text)">
          {node.error.message}{" "}
          <Text span className="mono" c="dimmed">
            {node.error.code}
          </Text>
        </Text>
      )}
      <Retries node={node} />
      <StoredValues runId={runId} label={t("runs.inputs")} value={node.inputs} />
      <Prompts runId={runId} prompts={node.prompts ?? []} />
      {(node.tool_calls?.length ?? 0) > 0 && (
        <Box>
          <Text size="xs" c="dimmed" fw={500} mb={4}>
            {t("runs.toolCalls")}
          </Text>
          <Steps steps={storedSteps(node)} live={false} />
        </Box>
      )}
      {(node.notes?.length ?? 0) > 0 && <JsonTree label={t("runs.notes")} value={node.notes as never} />}
      <Sources sources={sources} onOpen={setOpen} />
      <PassageDrawer source={sources.find((source) => source.position === open) ?? null} onClose={() => setOpen(null)} />
      <StoredValues runId={runId} label={t("runs.outputs")} value={node.outputs} />
      {(node.variables?.length ?? 0) > 0 && <JsonTree label={t("runs.variables")} value={node.variables ?? []} />}
      {(node.rounds?.length ?? 0) > 0 && <JsonTree label={t("runs.rounds")} value={node.rounds ?? []} openTo={0} />}
    </Stack>
  );
}

function Retries({ node }: { node: RunNode }) {
  const { t } = useTranslation();
  if (!node.retries || node.retries.length === 0) return null;
  return (
    <Stack gap={2}>
      {node.retries.map((each) => (
        <Text key={each.attempt} size="sm" c="var(--warning-text)">
          {t("runs.retried", { number: each.attempt, delay: formatDuration(each.delay_s * 1_000) })} {each.message}
        </Text>
      ))}
    </Stack>
  );
}
