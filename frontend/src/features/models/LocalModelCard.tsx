/** One model of this machine: what it is, what it takes, and the buttons to load, unload and remove it. */
import { Badge, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { IconMessage2 } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useMachine, useMay, useRoute } from "@/shared/api/workspace";
import { formatBytes, formatCount, formatDuration } from "@/shared/format/numbers";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyDone } from "@/shared/ui/notify";
import { StatusDot } from "@/shared/ui/StatusBadge";
import { ChooseEngine } from "./ChooseEngine";
import { LoadModel } from "./LoadModel";
import { engineName, useModelAction, type LocalModel, type LocalState } from "./localModels";

const COLORS: Record<LocalState, string> = {
  loaded: "accent.6",
  loading: "yellow.6",
  restarting: "yellow.6",
  failed: "red.6",
  unloaded: "gray.5",
  stored: "gray.5",
  unknown: "gray.5",
};

export function LocalModelCard({ model }: { model: LocalModel }) {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const isMachineAdmin = useMachine();
  const route = useRoute();
  const { load, unload, remove } = useModelAction(model.id);
  const [choosing, setChoosing] = useState(false);
  const [picking, setPicking] = useState(false);
  const [removing, setRemoving] = useState(false);
  const isIn = model.state === "loaded" || model.state === "restarting";
  const facts = [
    t(`models.kinds.${model.kind}`),
    model.engine && engineName(model.engine),
    model.quantization,
    model.parameters > 0 && t("models.parameters", { count: model.parameters, number: new Intl.NumberFormat(i18n.language, { notation: "compact", maximumFractionDigits: 1 }).format(model.parameters) }),
    model.context_tokens > 0 && t("models.context", { tokens: formatCount(model.context_tokens) }),
    model.licence,
  ].filter((fact): fact is string => Boolean(fact));
  return (
    <Paper p="md" component="article" aria-label={model.id}>
      <Stack gap="xs" h="100%">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Text fw={600} style={{ overflowWrap: "anywhere" }}>
            {model.id}
          </Text>
          <Group gap={6} wrap="nowrap" style={{ flex: "none" }}>
            <StatusDot color={COLORS[model.state]} pulse={model.state === "loading" || load.isPending} />
            <Text size="sm">{t(`models.states.${load.isPending ? "loading" : model.state}`)}</Text>
          </Group>
        </Group>
        <Group gap={6}>
          {facts.map((fact) => (
            <Badge key={fact} color="gray" className="numbers">
              {fact}
            </Badge>
          ))}
        </Group>
        <Text size="sm" c="dimmed" className="numbers">
          {sizes(model)}
        </Text>
        {model.base_name && (
          <Text size="sm" c="dimmed">
            {t("models.taught", { name: model.base_name })}
          </Text>
        )}
        {model.reason && (
          <Text size="sm" c="var(--danger-text)">
            {model.reason}
          </Text>
        )}
        <Group gap="xs" mt="auto" justify="flex-end">
          {model.kind === "chat" && may.edit && model.state !== "stored" && (
            <Button size="xs" variant="default" leftSection={<IconMessage2 size={14} />} component={Link} to={route(`models/playground?model=${encodeURIComponent(model.id)}`)}>
              {t("models.tryIt")}
            </Button>
          )}
          {isMachineAdmin && !model.builtin && model.format === "safetensors" && model.kind === "chat" && (
            <Button size="xs" variant="default" onClick={() => setPicking(true)}>
              {t(model.engine ? "models.engine.label" : "models.engine.choose")}
            </Button>
          )}
          {isMachineAdmin && !model.builtin && isIn && (
            <Button size="xs" variant="default" loading={unload.isPending} onClick={() => unload.mutate()}>
              {t("models.unload")}
            </Button>
          )}
          {isMachineAdmin && !model.builtin && !isIn && model.state !== "stored" && (
            <Button size="xs" variant="default" loading={load.isPending} onClick={() => setChoosing(true)}>
              {t("models.loadModel")}
            </Button>
          )}
          {isMachineAdmin && !model.builtin && (
            <Button size="xs" variant="subtle" color="red" onClick={() => setRemoving(true)}>
              {t("common.delete")}
            </Button>
          )}
        </Group>
      </Stack>
      {picking && <ChooseEngine model={model} onClose={() => setPicking(false)} />}
      {choosing && (
        <LoadModel
          model={model}
          onClose={() => setChoosing(false)}
          onLoad={(wish) => {
            setChoosing(false);
            load.mutate(wish);
          }}
        />
      )}
      <ConfirmDelete
        opened={removing}
        title={t("models.deleteQuestion", { name: model.id })}
        busy={remove.isPending}
        onConfirm={() => remove.mutate(undefined, { onSuccess: () => notifyDone(t("models.deleted", { name: model.id })), onSettled: () => setRemoving(false) })}
        onClose={() => setRemoving(false)}
      >
        {t("models.removeText", { size: formatBytes(model.size_bytes) })}
      </ConfirmDelete>
    </Paper>
  );

  function sizes({ size_bytes, memory_bytes, estimate, builtin, keep_alive_s, idle_s }: LocalModel): string {
    const parts = [t("models.onDisk", { size: formatBytes(size_bytes) })];
    if (memory_bytes > 0) parts.push(t("models.inMemory", { size: formatBytes(memory_bytes) }));
    if (estimate) parts.push(t("models.atMost", { size: formatBytes(estimate.total_bytes) }));
    if (!builtin && isIn && keep_alive_s > 0 && idle_s !== null) {
      parts.push(t("models.leavesIn", { time: formatDuration(Math.max(0, keep_alive_s - idle_s) * 1000) }));
    }
    return parts.join(" · ");
  }
}
