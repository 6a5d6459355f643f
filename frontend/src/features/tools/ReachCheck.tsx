/** Asks the rules whether an address would be reached; nothing is sent to it. */
import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconCircleCheck, IconCircleX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import { ErrorState } from "@/shared/ui/states";
import type { EgressRules, Reach } from "./types";

/** `rules` are those that stand on the page and are not saved yet. */
export function ReachCheck({ rules }: { rules?: EgressRules }) {
  const { t } = useTranslation();
  const [url, setUrl] = useState("");
  const check = useMutation({ mutationFn: () => api.post<Reach>("/egress/check", { url: url.includes("://") ? url : `https://${url}`, rules }) });
  const field = check.error instanceof ApiError ? check.error.fields.url : undefined;
  return (
    <Stack
      gap="sm"
      component="form"
      onSubmit={(event) => {
        event.preventDefault();
        check.mutate();
      }}
    >
      <Text size="sm" c="dimmed">
        {t(rules ? "tools.network.checkUnsaved" : "tools.network.checkText")}
      </Text>
      <Group gap="xs" align="flex-start">
        <TextInput flex={1} miw={200} aria-label={t("tools.network.checkLabel")} placeholder="https://example.org/data.json" value={url} error={field} onChange={(event) => setUrl(event.currentTarget.value)} classNames={{ input: "mono" }} />
        <Button type="submit" variant="default" loading={check.isPending} disabled={url.trim() === ""}>
          {t("tools.network.checkAction")}
        </Button>
      </Group>
      <div aria-live="polite">
        {check.isError && !field && <ErrorState error={check.error} />}
        {check.data && (
          <Alert variant="light" color={check.data.is_reached ? "accent" : "red"} icon={check.data.is_reached ? <IconCircleCheck size={18} /> : <IconCircleX size={18} />} title={t(check.data.is_reached ? "tools.network.reached" : "tools.network.refused", { place: `${check.data.host}:${check.data.port}` })}>
            <Text size="sm">{check.data.reason || t("tools.network.addresses", { addresses: check.data.addresses.join(", ") })}</Text>
          </Alert>
        )}
      </div>
    </Stack>
  );
}
