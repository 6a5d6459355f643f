/** What a paused run asks its visitor; with the answer it goes on. */
import { Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { JsonObject } from "@/shared/api/types";
import { AskCard, isApproval } from "@/shared/ui/run/AskCard";
import type { AskShown } from "./api";
import { useVisit } from "./SiteContext";
import { errorWords } from "./words";

interface AsksProps {
  runId: string;
  asks: AskShown[];
  onAnswered: () => void;
}

export function Asks({ runId, asks, onAnswered }: AsksProps) {
  if (asks.length === 0) return null;
  return (
    <Stack gap="xs" mt="xs">
      {asks.map((ask) => (
        <Ask key={`${ask.node_id}?${ask.ask}`} runId={runId} ask={ask} onAnswered={onAnswered} />
      ))}
    </Stack>
  );
}

function Ask({ runId, ask, onAnswered }: { runId: string; ask: AskShown; onAnswered: () => void }) {
  const { t } = useTranslation();
  const { api } = useVisit();
  const answer = useMutation({ mutationFn: (values: JsonObject) => api.answer(runId, ask, values), onSuccess: onAnswered });
  const words = {
    title: isApproval(ask.form) ? t("published.ask.approval", { tool: String(ask.form.tool) }) : t("published.ask.title", { title: ask.title }),
    approvalText: t("published.ask.approvalText"),
    approve: t("published.ask.approve"),
    refuse: t("published.ask.refuse"),
    sent: t("published.ask.sent"),
    send: t("published.ask.send"),
  };
  const problem = answer.isError && (
    <Text size="sm" c="var(--danger-text)" mt="xs" role="alert">
      {errorWords(t, answer.error)}
    </Text>
  );
  return <AskCard form={ask.form} words={words} busy={answer.isPending} onAnswer={(values) => answer.mutate(values)} problem={problem} />;
}
