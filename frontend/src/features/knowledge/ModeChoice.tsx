/** How documents become passages: the three ways, with a sentence on when each is right. */
import { Group, Radio, Stack, Text } from "@mantine/core";
import { IconAlignLeft, IconHierarchy2, IconMessageQuestion, type Icon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ChunkMode } from "@/shared/api/knowledgeTypes";

const MODES: [ChunkMode, Icon][] = [
  ["general", IconAlignLeft],
  ["parent_child", IconHierarchy2],
  ["qa", IconMessageQuestion],
];

export function ModeChoice({ value, onChange, disabled }: { value: ChunkMode; onChange: (mode: ChunkMode) => void; disabled?: boolean }) {
  const { t } = useTranslation();
  return (
    <Radio.Group label={t("knowledge.mode")} value={value} onChange={(mode) => onChange(mode as ChunkMode)}>
      <Stack gap="xs" mt={4}>
        {MODES.map(([mode, Glyph]) => (
          <Radio.Card key={mode} value={mode} p="sm" disabled={disabled} aria-label={t(`knowledge.modes.${mode}`)}>
            <Group wrap="nowrap" gap="sm" align="flex-start">
              <Glyph size={20} stroke={1.6} style={{ flex: "none", marginTop: 1 }} aria-hidden />
              <Stack gap={0} flex={1}>
                <Text fw={500}>{t(`knowledge.modes.${mode}`)}</Text>
                <Text size="sm" c="dimmed">
                  {t(`knowledge.modeHints.${mode}`)}
                </Text>
              </Stack>
              <Radio.Indicator />
            </Group>
          </Radio.Card>
        ))}
      </Stack>
    </Radio.Group>
  );
}
