/** For how long runs are kept, and what would go at once. */
import { Button, Group, NumberInput, Paper, Radio, Stack, Text, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import { useMay } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { AskRole } from "@/shared/ui/AskRole";
import { RelativeTime } from "@/shared/ui/bits";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { errorText } from "@/shared/ui/errorText";
import { usePolicyChange, type LogPolicy, type RetentionEstimate } from "./logPolicy";

const FIRST_DAYS = 90;
const MAX_DAYS = 36_500;
const TYPING_MS = 400;

export function RetentionDays({ policy }: { policy: LogPolicy }) {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const change = usePolicyChange();
  const [isBounded, setBounded] = useState(policy.retention_days !== null);
  const [days, setDays] = useState<number>(policy.retention_days ?? FIRST_DAYS);
  const [asking, setAsking] = useState(false);
  const [asked] = useDebouncedValue(days, TYPING_MS);
  const wanted = isBounded ? days : null;
  const estimate = useQuery({
    queryKey: ["log-policy", "estimate", asked],
    queryFn: () => api.get<RetentionEstimate>("/log-policy/estimate", { days: asked }),
    enabled: isBounded && asked > 0,
  });
  const found = asked === days ? estimate.data : undefined;
  const save = () => change.mutate({ retention_days: wanted }, { onSettled: () => setAsking(false) });
  const figure = found && t("settings.retention.wouldRemove", { count: found.runs, number: formatCount(found.runs, i18n.language) });
  return (
    <Paper p="lg">
      <Stack>
        <Title order={2}>{t("settings.retention.title")}</Title>
        <Text c="dimmed">{t("settings.retention.text")}</Text>
        <Radio.Group value={isBounded ? "days" : "ever"} onChange={(value) => setBounded(value === "days")} aria-label={t("settings.retention.title")}>
          <Stack gap="xs">
            <Radio value="ever" label={t("settings.retention.forEver")} disabled={!may.administer} />
            <Radio value="days" label={t("settings.retention.forDays")} disabled={!may.administer} />
          </Stack>
        </Radio.Group>
        {isBounded && (
          <>
            <NumberInput label={t("settings.retention.days")} value={days} onChange={(value) => setDays(Number(value) || 0)} min={1} max={MAX_DAYS} allowDecimal={false} w={160} disabled={!may.administer} />
            <Text size="sm" role="status">
              {estimate.isError && errorText(t, estimate.error).detail}
              {figure} {found?.oldest && (
                <>
                  {t("settings.retention.oldest")} <RelativeTime at={found.oldest} />.
                </>
              )}
            </Text>
          </>
        )}
        {(policy.removed ?? 0) > 0 && policy.applied_at && (
          <Text size="sm" c="dimmed">
            {t("settings.retention.removed", { count: policy.removed, number: formatCount(policy.removed, i18n.language) })} <RelativeTime at={policy.applied_at} />
          </Text>
        )}
        {!may.administer && <AskRole role="admin" what={t("settings.retention.needsRole")} />}
        {may.administer && (
          <Group>
            <Button disabled={wanted === (policy.retention_days ?? null) || (isBounded && !found)} loading={change.isPending} onClick={() => (found && found.runs > 0 && isBounded ? setAsking(true) : save())}>
              {t("common.save")}
            </Button>
          </Group>
        )}
      </Stack>
      <ConfirmDelete opened={asking} title={t("settings.retention.confirmTitle", { count: days })} onClose={() => setAsking(false)} onConfirm={save} busy={change.isPending} confirmLabel={t("settings.retention.confirm")}>
        {figure} {t("settings.retention.confirmText")}
      </ConfirmDelete>
    </Paper>
  );
}
