/** Which model answers, which one when it fails, and how freely. */
import { Alert, Anchor, Group, Select, Stack, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useModels } from "@/shared/api/queries";
import type { Model } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { useDraft } from "@/shared/draft/DraftContext";
import { formatCount, formatUsd } from "@/shared/format/numbers";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import { ModelParameters } from "./ModelParameters";
import { useFieldError } from "./Section";

/** The models to choose from; one that is chosen and gone is shown, so that it can be exchanged. */
function optionsOf(models: Model[], chosen: string): { value: string; label: string }[] {
  const options = models.map((each) => ({ value: each.id, label: each.name === each.id ? each.name : each.id }));
  const isGone = chosen !== "" && !models.some((each) => each.id === chosen);
  return isGone ? [...options, { value: chosen, label: chosen }] : options;
}

export function ModelSection({ agent }: { agent: boolean }) {
  const { t } = useTranslation();
  const route = useRoute();
  const models = useModels();
  const model = useDraft((state) => state.draft.model);
  const edit = useDraft((state) => state.edit);
  const error = useFieldError("model.id");
  const chat = models.data?.filter((each) => each.kind === "chat") ?? [];
  const chosen = chat.find((each) => each.id === model.id);
  return (
    <Stack gap="sm">
      <Select
        aria-label={t("build.model")}
        data={optionsOf(chat, model.id)}
        value={model.id || null}
        onChange={(id) => id && edit({ model: { ...model, id } })}
        placeholder={t("build.modelEmpty")}
        searchable
        allowDeselect={false}
        error={error ?? (models.data && model.id && !chosen ? t("build.modelGone") : undefined)}
      />
      {chosen && <ModelFacts model={chosen} />}
      {chosen?.embedded && (
        <Alert variant="light" color="gray" icon={<IconInfoCircle size={16} />} p="xs">
          <Text size="sm">
            {t("build.smallModel")}{" "}
            <Anchor component={Link} to={route("models")} size="sm">
              {t("build.connectBetter")}
            </Anchor>
          </Text>
        </Alert>
      )}
      {agent && chosen && !chosen.supports_tools && (
        <Text size="sm" c="dimmed">
          {t("build.noToolSupport")}
        </Text>
      )}
      <ModelParameters contextTokens={chosen?.context_tokens} />
      <Fallback chat={chat} loaded={models.data !== undefined} />
    </Stack>
  );
}

/** What answers when the chosen model fails before its first word. */
function Fallback({ chat, loaded }: { chat: Model[]; loaded: boolean }) {
  const { t } = useTranslation();
  const model = useDraft((state) => state.draft.model);
  const edit = useDraft((state) => state.edit);
  const error = useFieldError("model.fallback");
  const fallback = model.fallback ?? "";
  const others = chat.filter((each) => each.id !== model.id);
  const isGone = fallback !== "" && !chat.some((each) => each.id === fallback);
  const same = fallback !== "" && fallback === model.id ? t("build.fallbackSame") : undefined;
  return (
    <Select
      label={t("build.fallback")}
      description={t("build.fallbackHint")}
      placeholder={t(loaded && others.length === 0 ? "build.fallbackNone" : "build.fallbackEmpty")}
      data={optionsOf(others, fallback)}
      value={fallback || null}
      onChange={(id) => edit({ model: { ...model, fallback: id ?? "" } })}
      searchable
      clearable
      disabled={loaded && others.length === 0 && fallback === ""}
      error={error ?? (loaded && isGone ? t("build.modelGone") : same)}
    />
  );
}

function ModelFacts({ model }: { model: Model }) {
  const { t } = useTranslation();
  const free = Number(model.input_price ?? 0) === 0 && Number(model.output_price ?? 0) === 0;
  return (
    <Group gap="md">
      <StatusBadge status={model.state} />
      <Text size="sm" c="dimmed" className="numbers">
        {t("build.contextTokens", { tokens: formatCount(model.context_tokens) })}
      </Text>
      <Text size="sm" c="dimmed" className="numbers">
        {free ? t("build.free") : t("build.price", { input: formatUsd(model.input_price), output: formatUsd(model.output_price) })}
      </Text>
    </Group>
  );
}
