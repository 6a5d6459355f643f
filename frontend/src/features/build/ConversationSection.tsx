/** How a conversation begins: what the app says first and what one might ask. */
import { ActionIcon, Button, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useDraft } from "@/shared/draft/DraftContext";

export function ConversationSection() {
  const { t } = useTranslation();
  const opening = useDraft((state) => state.draft.opening_statement);
  const questions = useDraft((state) => state.draft.suggested_questions);
  const edit = useDraft((state) => state.edit);
  return (
    <Stack gap="sm">
      <Textarea label={t("build.opening")} placeholder={t("build.openingPlaceholder")} autosize minRows={2} value={opening} onChange={(event) => edit({ opening_statement: event.currentTarget.value })} />
      <Stack gap="xs">
        <Text size="sm" fw={500}>
          {t("build.suggested")}
        </Text>
        {questions.map((question, index) => (
          <Group key={index} gap="xs" wrap="nowrap">
            <TextInput
              flex={1}
              aria-label={t("build.suggestedNumber", { number: index + 1 })}
              value={question}
              onChange={(event) => {
                const text = event.currentTarget.value;
                edit({ suggested_questions: questions.map((each, at) => (at === index ? text : each)) });
              }}
            />
            <ActionIcon variant="subtle" color="gray" onClick={() => edit({ suggested_questions: questions.filter((_, at) => at !== index) })} aria-label={t("build.removeQuestion", { number: index + 1 })}>
              <IconTrash size={16} />
            </ActionIcon>
          </Group>
        ))}
        <Group>
          <Button size="xs" variant="default" leftSection={<IconPlus size={14} />} onClick={() => edit({ suggested_questions: [...questions, ""] })}>
            {t("build.addQuestion")}
          </Button>
        </Group>
      </Stack>
    </Stack>
  );
}
