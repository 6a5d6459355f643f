/** How freely the model answers: three that everybody needs in sight, the others folded away unless one is set. */
import { Button, Group, NumberInput, SimpleGrid, Slider, Stack, TagsInput, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Json } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import { isSet, MAX_STOPS, MORE, withParameter, type Extra } from "./parameters";

type SetParameter = (name: string, value: Json) => void;

export function ModelParameters({ contextTokens }: { contextTokens: number | undefined }) {
  const { t } = useTranslation();
  const model = useDraft((state) => state.draft.model);
  const edit = useDraft((state) => state.edit);
  const set: SetParameter = (name, value) => edit({ model: { ...model, parameters: withParameter(model.parameters, name, value) } });
  return (
    <>
      <SimpleGrid type="container" cols={{ base: 1, "260px": 2, "400px": 3 }}>
        <Freedom name="temperature" max={2} fallback={0.7} set={set} />
        <Freedom name="top_p" max={1} fallback={1} set={set} />
        <NumberInput
          label={t("build.parameters.max_tokens")}
          placeholder={t("build.automatic")}
          min={1}
          max={contextTokens}
          allowDecimal={false}
          value={typeof model.parameters.max_tokens === "number" ? model.parameters.max_tokens : ""}
          onChange={(value) => set("max_tokens", value === "" ? null : Number(value))}
        />
      </SimpleGrid>
      <MoreParameters set={set} />
    </>
  );
}

function MoreParameters({ set }: { set: SetParameter }) {
  const { t } = useTranslation();
  const stored = useDraft((state) => state.draft.model.parameters);
  const [open, setOpen] = useState(isSet(stored));
  const stops = Array.isArray(stored.stop) ? stored.stop.map(String) : [];
  return (
    <>
      <Group>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setOpen(!open)} aria-expanded={open}>
          {t(open ? "build.fewerParameters" : "build.moreParameters")}
        </Button>
      </Group>
      {open && (
        <Stack gap="sm">
          <SimpleGrid type="container" cols={{ base: 1, "260px": 2, "400px": 3 }}>
            {MORE.map((extra) => (
              <ExtraNumber key={extra.name} extra={extra} value={stored[extra.name]} set={set} />
            ))}
          </SimpleGrid>
          <TagsInput
            label={t("build.parameters.stop")}
            description={t("build.stopHint")}
            value={stops}
            onChange={(next) => set("stop", next)}
            maxTags={MAX_STOPS}
            splitChars={[]}
            acceptValueOnBlur
          />
        </Stack>
      )}
    </>
  );
}

function ExtraNumber({ extra, value, set }: { extra: Extra; value: Json | undefined; set: SetParameter }) {
  const { t } = useTranslation();
  const { name, min, max, step, absent } = extra;
  return (
    <NumberInput
      label={t(`build.parameters.${name}`)}
      placeholder={absent === undefined ? t("build.automatic") : String(absent)}
      min={min}
      max={max}
      step={step}
      allowDecimal={step < 1}
      allowNegative={min < 0}
      value={typeof value === "number" && value !== absent ? value : ""}
      onChange={(next) => set(name, next === "" ? null : Number(next))}
    />
  );
}

interface FreedomProps {
  name: "temperature" | "top_p";
  max: number;
  fallback: number;
  set: SetParameter;
}

function Freedom({ name, max, fallback, set }: FreedomProps) {
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
