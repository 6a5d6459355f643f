/** An evaluator: its kind, its settings, and from which value on an answer passes. */
import { Modal, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import type { Evaluator, EvaluatorKind } from "@/shared/evaluations/types";
import { FormButtons } from "@/shared/ui/FormButtons";
import { ErrorState } from "@/shared/ui/states";
import { EvaluatorField } from "./EvaluatorField";
import { FIELDS, initialOf, KINDS } from "./evaluatorFields";

interface EvaluatorEditorProps {
  evaluator: Evaluator | null;
  opened: boolean;
  onClose: () => void;
}

export function EvaluatorEditor({ evaluator, opened, onClose }: EvaluatorEditorProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={evaluator ? evaluator.name : t("evaluations.new.evaluators")} size="lg">
      <Form evaluator={evaluator} onClose={onClose} />
    </Modal>
  );
}

function Form({ evaluator, onClose }: Omit<EvaluatorEditorProps, "opened">) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [name, setName] = useState(evaluator?.name ?? "");
  const [kind, setKind] = useState<EvaluatorKind>(evaluator?.kind ?? "exact");
  const [config, setConfig] = useState<Record<string, unknown>>(() => ({ ...initialOf(kind), ...evaluator?.config }));
  const [passAt, setPassAt] = useState<number | string>(evaluator?.pass_at ?? 0.5);
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim() || t(`evaluations.kinds.${kind}`), config, pass_at: Number(passAt) };
      return evaluator ? api.patch(`/evaluators/${evaluator.id}`, body) : api.post("/evaluators", { ...body, kind });
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["evaluators"] });
      onClose();
    },
  });
  const wrong = save.error instanceof ApiError ? save.error.fields : {};
  const isShown = Object.keys(wrong).some((path) => path.startsWith("config."));
  return (
    <Stack component="form" onSubmit={(event) => (event.preventDefault(), save.mutate())}>
      <Select
        label={t("evaluations.kind")}
        data={KINDS.map((each) => ({ value: each, label: t(`evaluations.kinds.${each}`) }))}
        value={kind}
        disabled={evaluator !== null}
        onChange={(next) => {
          const chosen = KINDS.find((each) => each === next);
          if (!chosen) return;
          setKind(chosen);
          setConfig(initialOf(chosen));
        }}
        allowDeselect={false}
      />
      <Text size="sm" c="dimmed">
        {t(`evaluations.kindTexts.${kind}`)}
      </Text>
      <TextInput label={t("evaluations.name")} placeholder={t(`evaluations.kinds.${kind}`)} value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={120} />
      {FIELDS[kind].map((field) => (
        <EvaluatorField key={`${kind}-${field.name}`} field={field} value={config[field.name]} error={wrong[`config.${field.name}`]} onChange={(value) => setConfig((before) => ({ ...before, [field.name]: value }))} />
      ))}
      <NumberInput label={t("evaluations.passAt")} description={t("evaluations.passAtHint")} min={0} max={1} step={0.05} decimalScale={3} value={passAt} onChange={setPassAt} />
      {save.isError && !isShown && <ErrorState error={save.error} />}
      <FormButtons onClose={onClose} busy={save.isPending} />
    </Stack>
  );
}
