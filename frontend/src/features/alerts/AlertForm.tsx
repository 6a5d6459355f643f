/** Makes or changes an alert: what it watches, whom it tells, and when it keeps quiet. */
import { Group, Modal, NumberInput, Select, Stack, Switch, TagsInput, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import { useApps } from "@/shared/api/queries";
import { FormButtons } from "@/shared/ui/FormButtons";
import { notifyDone } from "@/shared/ui/notify";
import { ErrorState } from "@/shared/ui/states";
import { METRICS, metricName, unitOf, WINDOWS, windowText, type Alert, type AlertMade, type AlertMetrics, type AlertWrite } from "./alerts";

interface AlertFormProps {
  /** The one to change, or null for a new one. */
  alert: Alert | null;
  onClose: () => void;
  onSecret: (secret: string) => void;
}

const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

function valuesOf(alert: Alert | null) {
  const metric = alert?.metric ?? "error_rate";
  return {
    name: alert?.name ?? "",
    app: alert?.app?.id ?? "",
    metric,
    window: String(alert?.window_minutes ?? 60),
    comparison: alert?.comparison ?? ("above" as const),
    threshold: (alert ? alert.threshold * unitOf(metric).factor : "") as number | string,
    channel: alert?.channel ?? ("email" as const),
    recipients: alert?.recipients ?? [],
    webhook: "",
    quietFrom: alert?.quiet_from?.slice(0, 5) ?? "",
    quietUntil: alert?.quiet_until?.slice(0, 5) ?? "",
    interval: (alert?.interval_minutes ?? 15) as number | string,
    isOn: alert?.is_on ?? true,
  };
}

type Values = ReturnType<typeof valuesOf>;

function bodyOf(values: Values): AlertWrite {
  return {
    name: values.name,
    app: values.app || null,
    metric: values.metric,
    window_minutes: Number(values.window),
    comparison: values.comparison,
    threshold: Number(values.threshold) / unitOf(values.metric).factor,
    channel: values.channel,
    recipients: values.recipients,
    quiet_from: values.quietFrom || null,
    quiet_until: values.quietUntil || null,
    timezone: here(),
    interval_minutes: Number(values.interval) || 0,
    is_on: values.isOn,
    ...(values.webhook ? { webhook: values.webhook } : {}),
  };
}

export function AlertForm({ alert, onClose, onSecret }: AlertFormProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const apps = useApps();
  const offered = useQuery({ queryKey: ["alert-metrics"], queryFn: () => api.get<AlertMetrics>("/alert-metrics"), staleTime: Infinity });
  const form = useForm({ initialValues: valuesOf(alert) });
  const { metric, channel } = form.values;
  const save = useMutation({
    mutationFn: (values: Values) => (alert ? api.patch<AlertMade>(`/alerts/${alert.id}`, bodyOf(values)) : api.post<AlertMade>("/alerts", bodyOf(values))),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ["alerts"] });
      notifyDone(t("common.savedDone"));
      onClose();
      if (made.secret) onSecret(made.secret);
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  const { prefix, suffix } = unitOf(metric);
  const known = [...new Set([...METRICS, metric])];
  return (
    <Modal opened onClose={onClose} title={alert ? t("alerts.editOf", { name: alert.name }) : t("alerts.new")} size="lg">
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          {save.isError && <ErrorState error={save.error} />}
          <TextInput label={t("common.name")} placeholder={t("alerts.namePlaceholder")} required maxLength={120} data-autofocus {...form.getInputProps("name")} />
          <Group grow align="flex-start">
            <Select label={t("alerts.metric")} searchable allowDeselect={false} data={known.map((value) => ({ value, label: metricName(t, value) }))} {...form.getInputProps("metric")} />
            <Select label={t("alerts.app")} searchable allowDeselect={false} data={[{ value: "", label: t("alerts.wholeWorkspace") }, ...(apps.data ?? []).map((app) => ({ value: app.id, label: app.name }))]} {...form.getInputProps("app")} />
          </Group>
          <Group grow align="flex-start">
            <Select label={t("alerts.comparison")} allowDeselect={false} data={(["above", "below"] as const).map((value) => ({ value, label: t(`alerts.comparisons.${value}`) }))} {...form.getInputProps("comparison")} />
            <NumberInput label={t("alerts.threshold")} required prefix={prefix} suffix={suffix} {...form.getInputProps("threshold")} />
            <Select label={t("alerts.window")} allowDeselect={false} data={[...new Set([...WINDOWS, Number(form.values.window)])].map((value) => ({ value: String(value), label: windowText(t, value) }))} {...form.getInputProps("window")} />
          </Group>
          <Select label={t("alerts.channel")} allowDeselect={false} data={(["email", "webhook"] as const).map((value) => ({ value, label: t(`alerts.channels.${value}`) }))} {...form.getInputProps("channel")} />
          {channel === "email" ? (
            <>
              <TagsInput label={t("alerts.recipients")} description={t("alerts.recipientsHint")} {...form.getInputProps("recipients")} />
              {offered.data?.can_mail === false && (
                <Text size="sm" c="var(--danger-text)">
                  {t("alerts.noMail")}
                </Text>
              )}
            </>
          ) : (
            <TextInput
              label={t("alerts.webhook")}
              description={alert?.webhook_origin ? t("alerts.webhookKept", { origin: alert.webhook_origin }) : t("alerts.webhookHint")}
              placeholder="https://"
              required={!alert?.webhook_origin}
              {...form.getInputProps("webhook")}
            />
          )}
          <Group grow align="flex-start">
            <TextInput type="time" label={t("alerts.quietFrom")} {...form.getInputProps("quietFrom")} error={form.errors.quiet_from} />
            <TextInput type="time" label={t("alerts.quietUntil")} {...form.getInputProps("quietUntil")} error={form.errors.quiet_until} />
            <NumberInput label={t("alerts.interval")} min={0} max={10080} allowDecimal={false} suffix={` ${t("alerts.minuteShort")}`} {...form.getInputProps("interval")} />
          </Group>
          <Text size="xs" c="dimmed">
            {t("alerts.quietHint", { zone: here() })}
          </Text>
          <Switch label={t("alerts.isOn")} {...form.getInputProps("isOn", { type: "checkbox" })} />
          <FormButtons onClose={onClose} busy={save.isPending} />
        </Stack>
      </form>
    </Modal>
  );
}
