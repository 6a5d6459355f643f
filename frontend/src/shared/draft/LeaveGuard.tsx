/** Asks before a draft that the server refuses is left behind: what was typed would be lost. */
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import { useBlocker, type Location } from "react-router";
import type { ApiError } from "@/shared/api/client";
import { errorText } from "@/shared/ui/errorText";

interface Move {
  currentLocation: Location;
  nextLocation: Location;
}

/** `error` is why the draft is not saved; null while it is, or will be by itself. */
export function LeaveGuard({ appId, error }: { appId: string; error: ApiError | null }) {
  const { t } = useTranslation();
  const refused = error !== null;
  const within = `/apps/${appId}/`;
  const blocker = useBlocker(
    useCallback(({ nextLocation }: Move) => refused && !nextLocation.pathname.includes(within), [refused, within]),
  );
  const text = error ? errorText(t, error) : null;
  return (
    <Modal opened={blocker.state === "blocked"} onClose={() => blocker.reset?.()} title={t("build.leaveTitle")}>
      <Stack>
        <Text size="sm">{t("build.leaveText")}</Text>
        {text && (
          <Text size="sm" c="var(--danger-text)" style={{ overflowWrap: "anywhere" }}>
            {text.title} {text.detail}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" color="red" onClick={() => blocker.proceed?.()}>
            {t("build.leave")}
          </Button>
          <Button onClick={() => blocker.reset?.()} data-autofocus>
            {t("build.stay")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
