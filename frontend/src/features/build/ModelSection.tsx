/** Which model answers and how freely. */
import { Alert, Anchor, Button, Group, NumberInput, Select, SimpleGrid, Slider, Stack, Text } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useModels } from "@/shared/api/queries";
import type { Json, Model } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { useDraft } from "@/shared/draft/DraftContext";
import { formatCount, formatUsd } from "@/shared/format/numbers";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import { useFieldError } from "./Section";

type SetParameter = (name: string, value: Json) => void;

const MORE = [
  { name: "top_k", max: 1_000, step: 1 },
  { name: "min_p", max: 1, step: 0.01 },
  { name: "seed", max: 2 ** 32 - 1, step: 1 },
] as const;

export function ModelSection({ agent }: { agent: boolean }) {
  const { t } = useTranslation();
  const route = useRoute();
  const models = useModels();
  const model = useDraft((state) => state.draft.model);
  const edit = useDraft((state) => state.edit);
  const error = useFieldError("model");
  const chat = models.data?.filter((each) => each.kind === "chat") ?? [];
  const chosen = chat.find((each) => each.id === model.id);
  const options = chat.map((each) => ({ value: each.id, label: each.name === each.id ? each.name : each.id }));
  if (model.id && !chosen) options.push({ value: model.id, label: model.id });
  const set = (name: string, value: Json) => {
    const rest = Object.fromEntries(Object.entries(model.parameters).filter(([key]) => key !== name));
    edit({ model: { ...model, parameters: value === "" || value === null ? rest : { ...rest, [name]: value } } });
  };
  return (
    <Stack gap="sm">
      <Select
        aria-label={t("build.model")}
        data={options}
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
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <Parameter name="temperature" max={2} fallback={0.7} set={set} />
        <Parameter name="top_p" max={1} fallback={1} set={set} />
        <NumberInput
          label={t("build.parameters.max_tokens")}
          placeholder={t("build.automatic")}
          min={1}
          max={chosen?.context_tokens}
          allowDecimal={false}
          value={typeof model.parameters.max_tokens === "number" ? model.parameters.max_tokens : ""}
          onChange={(value) => set("max_tokens", value === "" ? null : Number(value))}
        />
      </SimpleGrid>
      <MoreParameters set={set} />
    </Stack>
  );
}

/** What few need: folded away, unless one of them is set. */
function MoreParameters({ set }: { set: SetParameter }) {
  const { t } = useTranslation();
  const stored = useDraft((state) => state.draft.model.parameters);
  const isSet = MORE.some(({ name }) => typeof stored[name] === "number");
  const [open, setOpen] = useState(isSet);
  return (
    <>
      <Group>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setOpen(!open)} aria-expanded={open}>
          {t(open ? "build.fewerParameters" : "build.moreParameters")}
        </Button>
      </Group>
      {open && (
        <SimpleGrid cols={{ base: 1, xs: 3 }}>
          {MORE.map(({ name, max, step }) => {
            const value = stored[name];
            return (
              <NumberInput
                key={name}
                label={t(`build.parameters.${name}`)}
                placeholder={t("build.automatic")}
                min={0}
                max={max}
                step={step}
                allowDecimal={step < 1}
                value={typeof value === "number" ? value : ""}
                onChange={(next) => set(name, next === "" ? null : Number(next))}
              />
            );
          })}
        </SimpleGrid>
      )}
    </>
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

interface ParameterProps {
  name: "temperature" | "top_p";
  max: number;
  fallback: number;
  set: SetParameter;
}

function Parameter({ name, max, fallback, set }: ParameterProps) {
  const { t } = useTranslation();
  const stored = useDraft((state) => state.draft.model.parameters[name]);
  const value = typeof stored === "number" ? stored : fallback;
  return (
    <Stack gap={6}>
      <Group justify="space-between">
        <Text size="sm" fw={500}>
          {t(`build.parameters.${name}`)}
        </Text>
        <Text size="sm" c="dimmed" className="numbers">
          {value.toFixed(2)}
        </Text>
      </Group>
      <Slider min={0} max={max} step={0.05} value={value} onChange={(next) => set(name, next)} label={null} size="sm" thumbLabel={t(`build.parameters.${name}`)} mt={6} />
    </Stack>
  );
}
