/** `?`: every key that works here. */
import { Group, Kbd, Modal, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { usePalette } from "./store";
import { ROOM_KEYS } from "./useKeys";

export const COMMAND_KEY = navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl";

export function Keys() {
  const { t } = useTranslation();
  const open = usePalette((state) => state.open === "keys");
  const show = usePalette((state) => state.show);
  const everywhere = [
    { keys: [COMMAND_KEY, "K"], what: t("palette.title") },
    { keys: ["?"], what: t("palette.keys") },
    { keys: ["Esc"], what: t("palette.closeKey") },
  ];
  return (
    <Modal opened={open} onClose={() => show(null)} title={t("palette.keys")} closeButtonProps={{ "aria-label": t("common.close") }}>
      <Stack gap="lg">
        <KeyList title={t("palette.everywhere")} rows={everywhere} />
        <KeyList title={t("palette.groups.go")} rows={ROOM_KEYS.map(({ key, room }) => ({ keys: ["G", key.toUpperCase()], what: t(`common.rooms.${room}`) }))} />
        <Text size="sm" c="dimmed">
          {t("palette.builderKeys")}
        </Text>
      </Stack>
    </Modal>
  );
}

function KeyList({ title, rows }: { title: string; rows: { keys: string[]; what: string }[] }) {
  return (
    <section>
      <Title order={3} mb={6}>
        {title}
      </Title>
      <Stack gap={0}>
        {rows.map(({ keys, what }) => (
          <Group key={what} justify="space-between" py={6} style={{ borderBottom: "1px solid var(--hairline)" }}>
            <Text size="sm">{what}</Text>
            <Group gap={4}>
              {keys.map((key) => (
                <Kbd key={key} size="xs">
                  {key}
                </Kbd>
              ))}
            </Group>
          </Group>
        ))}
      </Stack>
    </section>
  );
}
