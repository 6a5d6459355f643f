/** Small things that appear everywhere: a time, a copy button, a short id, a secret that is shown once. */
import { ActionIcon, Alert, Group, Stack, Text, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconCopy, IconKey } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { formatRelative } from "@/shared/format/numbers";

export function RelativeTime({ at }: { at: string }) {
  const { i18n } = useTranslation();
  return (
    <Tooltip label={new Date(at).toLocaleString(i18n.language)}>
      <time dateTime={at} style={{ whiteSpace: "nowrap" }}>
        {formatRelative(at, i18n.language)}
      </time>
    </Tooltip>
  );
}

/** Give a function for what is long: it is written only when somebody copies it. */
export function CopyButton({ value, label }: { value: string | (() => string); label?: string }) {
  const { t } = useTranslation();
  const { copied, copy } = useClipboard({ timeout: 1_500 });
  return (
    <Tooltip label={copied ? t("common.copied") : (label ?? t("common.copy"))}>
      <ActionIcon variant="subtle" color={copied ? "accent" : "gray"} onClick={() => copy(typeof value === "string" ? value : value())} aria-label={label ?? t("common.copy")}>
        {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
      </ActionIcon>
    </Tooltip>
  );
}

export function ShortId({ id }: { id: string }) {
  return (
    <Group gap={2} wrap="nowrap">
      <Text className="mono" c="dimmed">
        {id.slice(0, 8)}
      </Text>
      <CopyButton value={id} />
    </Group>
  );
}

/** A key or link that no one will see again. */
export function SecretOnce({ value, label }: { value: string; label: string }) {
  const { t } = useTranslation();
  return (
    <Alert variant="light" icon={<IconKey size={18} />} title={label}>
      <Stack gap={4}>
        <Text size="sm">{t("common.shownOnce")}</Text>
        <Group gap="xs" wrap="nowrap" px="sm" py={6} style={{ background: "var(--surface)", borderRadius: 6, border: "1px solid var(--hairline)" }}>
          <Text className="mono" flex={1} style={{ overflowWrap: "anywhere" }} data-testid="secret">
            {value}
          </Text>
          <CopyButton value={value} />
        </Group>
      </Stack>
    </Alert>
  );
}
