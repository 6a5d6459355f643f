/** How far a document is: its stage with progress and times, or why it failed and what helps. */
import { Anchor, Group, Progress, Stack, Text, Tooltip } from "@mantine/core";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { KnowledgeDocument } from "@/shared/api/knowledgeTypes";
import { useRoute } from "@/shared/api/workspace";
import { formatDuration } from "@/shared/format/numbers";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import { isUnfinished, remedyOf, STAGES } from "./documentModel";

interface DocumentStateProps {
  document: KnowledgeDocument;
  mayEdit: boolean;
  onRetry: () => void;
  onReplace: (file: File) => void;
}

export function DocumentState({ document, mayEdit, onRetry, onReplace }: DocumentStateProps) {
  const { t } = useTranslation();
  const unfinished = isUnfinished(document);
  return (
    <Stack gap={4} align="flex-start" miw={0}>
      <Tooltip label={<StageTimes document={document} />} disabled={Object.keys(document.stage_times).length === 0} events={{ hover: true, focus: true, touch: true }}>
        <span tabIndex={0} aria-label={t("knowledge.stateOf", { name: document.name })}>
          <StatusBadge status={document.is_paused && unfinished ? "paused" : document.status} />
        </span>
      </Tooltip>
      {unfinished && <Progress w="100%" value={document.progress * 100} size={4} color={document.is_paused ? "gray" : undefined} aria-label={t("knowledge.progressOf", { name: document.name })} />}
      {document.reason && (
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {document.reason}
        </Text>
      )}
      {document.status === "failed" && mayEdit && <Remedies reason={document.reason ?? ""} name={document.name} onRetry={onRetry} onReplace={onReplace} />}
    </Stack>
  );
}

function StageTimes({ document }: { document: KnowledgeDocument }) {
  const { t } = useTranslation();
  return (
    <Stack gap={2} py={2}>
      {STAGES.filter((stage) => stage in document.stage_times).map((stage) => (
        <Group key={stage} gap="lg" justify="space-between" wrap="nowrap">
          <span>{t(`common.status.${stage}`)}</span>
          <span className="numbers">{formatDuration(document.stage_times[stage])}</span>
        </Group>
      ))}
      {document.attempts > 1 && <span>{t("knowledge.attempts", { count: document.attempts })}</span>}
    </Stack>
  );
}

function Remedies({ reason, name, onRetry, onReplace }: { reason: string; name: string; onRetry: () => void; onReplace: (file: File) => void }) {
  const { t } = useTranslation();
  const route = useRoute();
  const input = useRef<HTMLInputElement>(null);
  const remedy = remedyOf(reason);
  return (
    <Group gap="sm">
      {remedy === "replace" ? (
        <>
          <Anchor component="button" type="button" size="xs" onClick={() => input.current?.click()}>
            {t("knowledge.replaceFile")}
          </Anchor>
          <input
            ref={input}
            type="file"
            hidden
            aria-label={t("knowledge.replaceFileOf", { name })}
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              if (file) onReplace(file);
              event.currentTarget.value = "";
            }}
          />
        </>
      ) : (
        <Anchor component="button" type="button" size="xs" onClick={onRetry}>
          {t(remedy === "ocr" ? "knowledge.retryAfterOcr" : "common.retry")}
        </Anchor>
      )}
      {remedy === "model" && (
        <Anchor component={Link} to={route("models")} size="xs">
          {t("knowledge.lookAtModels")}
        </Anchor>
      )}
    </Group>
  );
}
