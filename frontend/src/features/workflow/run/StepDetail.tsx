/** One step of a run in full: state, time, tokens, error, what went in and what came out. */
import { Alert, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatCount, formatDuration } from "@/shared/format/numbers";
import { errorTextOf } from "@/shared/ui/errorText";
import { JsonTree } from "@/shared/ui/JsonTree";
import { Steps } from "@/shared/ui/run/Steps";
import type { Step } from "./runModel";

export function StepDetail({ step }: { step: Step }) {
  const { t, i18n } = useTranslation();
  const error = step.error ? errorTextOf(t, step.error.code, step.error.message) : null;
  const isHandled = step.status === "exception" || step.status === "retrying";
  const used = step.usage && step.usage.prompt_tokens + step.usage.completion_tokens > 0 ? step.usage : null;
  const facts = [
    t(`workflow.run.states.${step.status}`),
    step.elapsedMs === null ? "" : formatDuration(step.elapsedMs),
    used ? t("runs.usage", { prompt: formatCount(used.prompt_tokens, i18n.language), completion: formatCount(used.completion_tokens, i18n.language) }) : "",
    step.model,
    step.retries > 0 ? t("workflow.run.retries", { count: step.retries }) : "",
    step.given === "mocked" ? t("workflow.run.mocked") : step.given === "cached" ? t("workflow.run.cached") : "",
  ];
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed" className="numbers">
        {facts.filter(Boolean).join(" · ")}
      </Text>
      {error && (
        <Alert color={isHandled ? "yellow" : "red"} variant="light" p="xs" title={error.title}>
          {error.detail}
        </Alert>
      )}
      <Steps steps={step.calls} live={step.status === "running"} />
      {step.notes.map((note, index) => (
        <Text key={index} size="sm" c="dimmed">
          {note}
        </Text>
      ))}
      <JsonTree label={t("runs.inputs")} value={step.inputs} />
      <JsonTree label={t("runs.outputs")} value={step.outputs ?? (step.text || null)} />
    </Stack>
  );
}
