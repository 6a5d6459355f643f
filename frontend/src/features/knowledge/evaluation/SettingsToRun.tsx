/** Chooses the settings to compare: ready ones to tick, and own ones to change field by field. */
import { ActionIcon, Button, Checkbox, Collapse, Group, Modal, Paper, Stack, Text, TextInput } from "@mantine/core";
import { IconAdjustments, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { NamedSettings } from "@/shared/api/retrievalTypes";
import { ErrorState } from "@/shared/ui/states";
import { RetrievalFields } from "../retrieval/RetrievalFields";
import { freeName, presetOf, PRESETS } from "./presets";

interface SettingsToRunProps {
  dataset: Dataset;
  opened: boolean;
  busy: boolean;
  error: Error | null;
  onRun: (settings: NamedSettings[]) => void;
  onClose: () => void;
}

interface Choice {
  settings: NamedSettings;
  isChosen: boolean;
  isOwn: boolean;
}

const AT_FIRST = ["semantic", "full_text", "hybrid"];

export function SettingsToRun({ dataset, opened, busy, error, onRun, onClose }: SettingsToRunProps) {
  const { t } = useTranslation();
  const [choices, setChoices] = useState<Choice[]>(() =>
    PRESETS.map((preset) => ({ settings: presetOf(preset, dataset.retrieval, t(`knowledge.presets.${preset}`)), isChosen: AT_FIRST.includes(preset), isOwn: false })),
  );
  const [open, setOpen] = useState<number | null>(null);
  const chosen = choices.filter((choice) => choice.isChosen).map((choice) => choice.settings);
  const names = chosen.map((settings) => settings.name.trim());
  const isClear = chosen.length > 0 && new Set(names).size === names.length && !names.includes("");
  const put = (index: number, change: Partial<Choice>) => setChoices(choices.map((choice, place) => (place === index ? { ...choice, ...change } : choice)));
  const add = () => {
    const name = freeName(t("knowledge.ownSetting"), choices.map((choice) => choice.settings.name));
    setChoices([...choices, { settings: { ...dataset.retrieval, name }, isChosen: true, isOwn: true }]);
    setOpen(choices.length);
  };
  return (
    <Modal opened={opened} onClose={onClose} title={t("knowledge.compareSettings")} size="lg">
      <Stack>
        <Text size="sm" c="dimmed">
          {t("knowledge.settingsToRunHint")}
        </Text>
        {choices.map((choice, index) => (
          <Paper key={index} p="sm">
            <Group gap="sm" wrap="nowrap">
              <Checkbox checked={choice.isChosen} aria-label={choice.settings.name} onChange={(event) => put(index, { isChosen: event.currentTarget.checked })} />
              {choice.isOwn ? (
                <TextInput size="xs" aria-label={t("common.name")} value={choice.settings.name} maxLength={60} flex={1} onChange={(event) => put(index, { settings: { ...choice.settings, name: event.currentTarget.value } })} />
              ) : (
                <Text fw={500} flex={1}>
                  {choice.settings.name}
                </Text>
              )}
              <ActionIcon variant={open === index ? "light" : "subtle"} aria-expanded={open === index} aria-label={t("knowledge.changeSetting", { name: choice.settings.name })} onClick={() => setOpen(open === index ? null : index)}>
                <IconAdjustments size={16} />
              </ActionIcon>
              {choice.isOwn && (
                <ActionIcon variant="subtle" aria-label={t("knowledge.removeSetting", { name: choice.settings.name })} onClick={() => setChoices(choices.filter((_, place) => place !== index))}>
                  <IconTrash size={16} />
                </ActionIcon>
              )}
            </Group>
            <Collapse expanded={open === index} pt={open === index ? "md" : 0}>
              {open === index && <RetrievalFields value={choice.settings} onChange={(change) => put(index, { settings: { ...choice.settings, ...change } })} />}
            </Collapse>
          </Paper>
        ))}
        <Button variant="subtle" leftSection={<IconPlus size={16} />} style={{ alignSelf: "flex-start" }} onClick={add}>
          {t("knowledge.addSetting")}
        </Button>
        {error && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          {!isClear && (
            <Text size="xs" c="dimmed" mr="auto">
              {t(chosen.length === 0 ? "knowledge.chooseOneSetting" : "knowledge.namesDiffer")}
            </Text>
          )}
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button loading={busy} disabled={!isClear} onClick={() => onRun(chosen)}>
            {t("knowledge.run", { count: chosen.length })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
