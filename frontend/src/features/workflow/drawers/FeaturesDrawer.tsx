/** What surrounds a conversation: how it begins, which questions it suggests. Other features of the file are kept. */
import { Drawer, Stack, TagsInput, Text, Textarea } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useGraphDraft } from "@/shared/draft/DraftContext";
import { useBuilder } from "../store/BuilderContext";

export function FeaturesDrawer({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const features = useGraphDraft((state) => state.draft.features);
  const edit = useGraphDraft((state) => state.edit);
  const editable = useBuilder((state) => state.editable);
  const questions = Array.isArray(features.suggested_questions) ? features.suggested_questions.map(String) : [];
  return (
    <Drawer opened={opened} onClose={onClose} title={t("workflow.features.title")}>
      <Stack>
        <Text size="sm" c="dimmed">
          {t("workflow.features.text")}
        </Text>
        <Textarea
          label={t("build.opening")}
          placeholder={t("build.openingPlaceholder")}
          autosize
          minRows={3}
          disabled={!editable}
          value={typeof features.opening_statement === "string" ? features.opening_statement : ""}
          onChange={(event) => edit({ features: { ...features, opening_statement: event.currentTarget.value } })}
        />
        <TagsInput label={t("build.suggested")} description={t("build.optionsHint")} disabled={!editable} value={questions} onChange={(suggested_questions) => edit({ features: { ...features, suggested_questions } })} />
      </Stack>
    </Drawer>
  );
}
