/** How a model is loaded: its context and how long it stays, with what that takes of the memory. */
import { Alert, Button, Group, Modal, NumberInput, Select, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import { formatBytes } from "@/shared/format/numbers";
import type { LocalModel, MemoryEstimate } from "./localModels";

const KEEP_ALIVE = ["300", "1800", "14400", "0"] as const;
const USUAL_CONTEXT = 8192;

interface LoadModelProps {
  model: LocalModel;
  onLoad: (wish: { keep_alive_s: number; context_tokens: number }) => void;
  onClose: () => void;
}

export function LoadModel({ model, onLoad, onClose }: LoadModelProps) {
  const { t } = useTranslation();
  const most = model.context_tokens || USUAL_CONTEXT;
  const [context, setContext] = useState(Math.min(most, USUAL_CONTEXT));
  const [keepAlive, setKeepAlive] = useState<string>("1800");
  const [asked] = useDebouncedValue(context, 250);
  const estimate = useQuery({
    queryKey: ["model-estimate", model.id, asked],
    queryFn: () => api.get<MemoryEstimate & { room_bytes: number }>(`/models/${encodeURIComponent(model.id)}/estimate`, { context_tokens: asked }),
    placeholderData: (before) => before,
  });
  const takes = estimate.data;
  const missing = takes ? takes.total_bytes - takes.room_bytes : 0;
  return (
    <Modal opened onClose={onClose} title={t("models.loadTitle", { name: model.id })}>
      <Stack gap="md">
        <NumberInput label={t("models.contextTokens")} description={t("models.contextHint", { most })} value={context} min={64} max={most} step={1024} onChange={(value) => setContext(Number(value) || USUAL_CONTEXT)} />
        <Select label={t("models.keepAlive")} allowDeselect={false} value={keepAlive} onChange={(value) => value && setKeepAlive(value)} data={KEEP_ALIVE.map((value) => ({ value, label: t(`models.keep.${value}`) }))} />
        {takes && (
          <Text size="sm" className="numbers">
            {t("models.takes", {
              total: formatBytes(takes.total_bytes),
              weights: formatBytes(takes.weights_bytes),
              cache: formatBytes(takes.cache_bytes),
              rest: formatBytes(takes.compute_bytes + takes.process_bytes),
            })}
          </Text>
        )}
        {missing > 0 && (
          <Alert color="yellow" variant="light">
            {t("models.missing", { size: formatBytes(missing) })}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button onClick={() => onLoad({ keep_alive_s: Number(keepAlive), context_tokens: context })}>{t("models.loadModel")}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
