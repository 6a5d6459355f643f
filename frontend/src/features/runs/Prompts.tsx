/** What the models of a step were asked, message by message, as it was sent. */
import { Badge, Box, Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { PromptRecord } from "@/shared/api/runTypes";
import type { Json, JsonObject } from "@/shared/api/types";
import { CopyButton } from "@/shared/ui/bits";
import { JsonTree } from "@/shared/ui/JsonTree";
import { FoldedText } from "./FoldedText";
import classes from "./runs.module.css";
import { referenceOf, StoredValues } from "./StoredValues";

const messagesOf = (value: Json): JsonObject[] => (Array.isArray(value) ? value.filter((each): each is JsonObject => typeof each === "object" && each !== null && !Array.isArray(each)) : []);

export function Prompts({ runId, prompts }: { runId: string; prompts: PromptRecord[] }) {
  const { t } = useTranslation();
  return (
    <>
      {prompts.map((prompt, index) => (
        <Box key={prompt.at + index} className={classes.prompt} component="section" aria-label={t("runs.promptSent")}>
          <Group justify="space-between" mb={6}>
            <Group gap="xs">
              <Text size="xs" c="dimmed" fw={500}>
                {t("runs.promptSent")}
                {prompts.length > 1 && ` ${index + 1}/${prompts.length}`}
              </Text>
              <Text size="xs" c="dimmed" className="mono">
                {prompt.model}
              </Text>
              {Object.entries(prompt.parameters).map(([name, value]) => (
                <Text key={name} size="xs" c="dimmed" className="mono">
                  {name}={JSON.stringify(value).slice(0, 40)}
                </Text>
              ))}
            </Group>
            <CopyButton value={() => JSON.stringify(prompt.messages, null, 2)} />
          </Group>
          <Stack gap="xs">
            {prompt.kept > 0 && (
              <Text size="xs" c="dimmed">
                {t("runs.promptKept", { count: prompt.kept })}
              </Text>
            )}
            {referenceOf(prompt.messages) ? (
              <StoredValues runId={runId} label={t("runs.promptSent")} value={prompt.messages} />
            ) : (
              messagesOf(prompt.messages).map((message, at) => <MessageLine key={at} message={message} />)
            )}
            {prompt.tools.length > 0 && index === 0 && (
              <Group gap={6}>
                <Text size="xs" c="dimmed">
                  {t("runs.toolsOffered")}
                </Text>
                {prompt.tools.map((name) => (
                  <Badge key={name} color="gray" className="mono" tt="none">
                    {name}
                  </Badge>
                ))}
              </Group>
            )}
          </Stack>
        </Box>
      ))}
    </>
  );
}

function MessageLine({ message }: { message: JsonObject }) {
  const { t } = useTranslation();
  const content = typeof message.content === "string" ? message.content : "";
  return (
    <div className={classes.message}>
      <Text size="xs" fw={600} c="dimmed" className="mono">
        {String(message.role)}
      </Text>
      <div>
        {content && <FoldedText text={content} />}
        {typeof message.images === "number" && (
          <Text size="xs" c="dimmed">
            {t("runs.images", { count: message.images })}
          </Text>
        )}
        {message.tool_calls !== undefined && <JsonTree label={t("runs.toolCalls")} value={message.tool_calls} openTo={2} />}
      </div>
    </div>
  );
}
