/** Talk to any chat model without an app: parameters, speed, and the same request as curl. */
import { Alert, Box, Button, Code, Collapse, Group, NumberInput, Paper, Select, Stack, Text, Textarea } from "@mantine/core";
import { IconPlayerStop, IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useModels } from "@/shared/api/queries";
import { useWorkspace } from "@/shared/api/workspace";
import { formatDuration } from "@/shared/format/numbers";
import { CopyButton } from "@/shared/ui/bits";
import { bodyOf, usePlayground, type AnswerEnd, type Turn } from "./usePlayground";

export function PlaygroundPage() {
  const { t } = useTranslation();
  const { id: workspace } = useWorkspace();
  const models = useModels();
  const [search, setSearch] = useSearchParams();
  const chats = (models.data ?? []).filter((model) => model.kind === "chat");
  const model = search.get("model") ?? chats[0]?.id ?? "";
  const [system, setSystem] = useState("");
  const [question, setQuestion] = useState("");
  const [temperature, setTemperature] = useState(0.7);
  const [maxTokens, setMaxTokens] = useState(256);
  const [isCurlShown, setCurlShown] = useState(false);
  const { turns, isAsking, end, problem, ask, stop, clear } = usePlayground();
  const parameters = { temperature, max_tokens: maxTokens };
  const ready = model !== "" && question.trim() !== "" && !isAsking;
  const go = () => {
    if (!ready) return;
    void ask(model, system, question.trim(), parameters, turns);
    setQuestion("");
  };
  const curl = curlOf(workspace, bodyOf(model, system, [...turns, ...(question.trim() ? [{ role: "user", content: question.trim() } as Turn] : [])], parameters));
  return (
    <Box style={{ display: "flex", flexWrap: "wrap", gap: 24 }}>
      <Stack gap="sm" style={{ flex: "1 1 260px" }}>
        <Select label={t("models.model")} searchable allowDeselect={false} data={chats.map((one) => one.id)} value={model || null} onChange={(value) => value && setSearch({ model: value }, { replace: true })} />
        <Textarea label={t("models.system")} autosize minRows={2} maxRows={8} value={system} onChange={(event) => setSystem(event.currentTarget.value)} />
        <Group grow>
          <NumberInput label={t("models.temperature")} min={0} max={2} step={0.1} decimalScale={2} value={temperature} onChange={(value) => setTemperature(Number(value) || 0)} />
          <NumberInput label={t("models.maxTokens")} min={1} max={100_000} value={maxTokens} onChange={(value) => setMaxTokens(Math.max(1, Number(value) || 256))} />
        </Group>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => setCurlShown((shown) => !shown)} aria-expanded={isCurlShown}>
            {t("models.asCurl")}
          </Button>
          <Button size="xs" variant="subtle" color="gray" disabled={turns.length === 0} onClick={clear}>
            {t("models.clear")}
          </Button>
        </Group>
      </Stack>
      <Stack gap="sm" style={{ flex: "999 1 340px", minWidth: 0 }}>
        <Collapse expanded={isCurlShown}>
          <Group align="flex-start" wrap="nowrap" gap="xs">
            <Code block flex={1} style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
              {curl}
            </Code>
            <CopyButton value={curl} />
          </Group>
        </Collapse>
        <Paper p="md" mih={240} role="log" aria-label={t("models.conversation")}>
          {turns.length === 0 ? (
            <Text c="dimmed" size="sm">
              {t("models.playgroundEmpty")}
            </Text>
          ) : (
            <Stack gap="md">
              {turns.map((turn, at) => (
                <div key={at} data-role={turn.role}>
                  <Text size="xs" c="dimmed" fw={600}>
                    {t(turn.role === "user" ? "models.you" : "models.answer")}
                  </Text>
                  <Text style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{turn.content}</Text>
                </div>
              ))}
            </Stack>
          )}
        </Paper>
        {problem !== null && (
          <Alert color="red" variant="light">
            {problem instanceof Error && problem.message ? problem.message : t("models.noAnswer")}
          </Alert>
        )}
        {end && <Speed end={end} />}
        <Group align="flex-end" wrap="nowrap" gap="xs">
          <Textarea
            flex={1}
            aria-label={t("models.question")}
            placeholder={t("models.question")}
            autosize
            minRows={1}
            maxRows={8}
            value={question}
            onChange={(event) => setQuestion(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
                event.preventDefault();
                go();
              }
            }}
          />
          {isAsking ? (
            <Button variant="default" leftSection={<IconPlayerStop size={16} />} onClick={stop}>
              {t("models.stop")}
            </Button>
          ) : (
            <Button leftSection={<IconSend size={16} />} disabled={!ready} onClick={go}>
              {t("models.send")}
            </Button>
          )}
        </Group>
      </Stack>
    </Box>
  );
}

function Speed({ end }: { end: AnswerEnd }) {
  const { t } = useTranslation();
  return (
    <Text size="sm" c="dimmed" className="numbers" data-testid="speed">
      {t("models.speed", {
        speed: end.tokens_per_s,
        prompt: end.prompt_tokens,
        answer: end.completion_tokens,
        first: formatDuration(end.first_ms),
        total: formatDuration(end.elapsed_ms),
      })}
    </Text>
  );
}

/** The same request from a shell; the token is the reader's own to fill in. */
function curlOf(workspace: string, body: object): string {
  const json = JSON.stringify(body, null, 1).replaceAll("'", "'\\''");
  return [`curl -N ${window.location.origin}${apiUrlOf()} \\`, `  -H "Authorization: Bearer $ATELIER_TOKEN" -H "X-Workspace: ${workspace}" \\`, `  -H "Content-Type: application/json" -d '${json}'`].join("\n");
}

const apiUrlOf = () => "/api/v1/playground";
