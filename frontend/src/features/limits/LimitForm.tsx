/** Sets a limit, or another amount of one that is there. */
import { Group, Modal, NumberInput, Select, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import { useApps } from "@/shared/api/queries";
import type { AppKey, Page } from "@/shared/api/types";
import { FormButtons } from "@/shared/ui/FormButtons";
import { notifyDone } from "@/shared/ui/notify";
import { ErrorState } from "@/shared/ui/states";
import { METRICS, PERIODS, SCOPES, whose, type Limit, type LimitWrite, type Metric } from "./limits";

interface LimitFormProps {
  /** The one to change, or null for a new one. */
  limit: Limit | null;
  /** The app that the page is narrowed to, or nothing. */
  app: string;
  onClose: () => void;
}

export function LimitForm({ limit, app, onClose }: LimitFormProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = useForm({
    initialValues: {
      scope: (limit?.scope ?? (app ? "app" : "workspace")) as Limit["scope"],
      app: limit?.app?.id ?? app,
      key: limit?.key?.id ?? "",
      metric: (limit?.metric ?? "tokens") as Metric,
      period: (limit?.period ?? "day") as Limit["period"],
      amount: (limit ? Number(limit.amount) : "") as number | string,
    },
  });
  const { scope, metric } = form.values;
  const save = useMutation({
    mutationFn: (values: typeof form.values) => {
      const amount = String(values.amount);
      if (limit) return api.patch<Limit>(`/limits/${limit.id}`, { amount });
      const body: LimitWrite = { scope: values.scope, metric: values.metric, period: values.period, amount, app: null, key: null };
      if (scope === "key") body.key = values.key;
      else if (scope !== "workspace") body.app = values.app || null;
      return api.post<Limit>("/limits", body);
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["limits"] });
      notifyDone(t("common.savedDone"));
      onClose();
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  const isCost = metric === "cost";
  return (
    <Modal opened onClose={onClose} title={limit ? t("limits.editOf", { whose: whose(t, limit) }) : t("limits.new")}>
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack>
          {save.isError && <ErrorState error={save.error} />}
          {!limit && (
            <>
              <Select label={t("limits.scope")} data={SCOPES.map((value) => ({ value, label: t(`limits.scopes.${value}`) }))} allowDeselect={false} {...form.getInputProps("scope")} />
              {scope !== "workspace" && <AppSelect optional={scope === "end_user"} {...form.getInputProps("app")} />}
              {scope === "key" && <KeySelect app={form.values.app} {...form.getInputProps("key")} />}
              <Group grow align="flex-start">
                <Select label={t("limits.metric")} data={METRICS.map((value) => ({ value, label: t(`limits.metrics.${value}`) }))} allowDeselect={false} {...form.getInputProps("metric")} />
                <Select label={t("limits.period")} data={PERIODS.map((value) => ({ value, label: t(`limits.periods.${value}`) }))} allowDeselect={false} {...form.getInputProps("period")} />
              </Group>
            </>
          )}
          <NumberInput
            label={t("limits.amount")}
            description={t("limits.amountHint")}
            required
            min={0}
            allowDecimal={isCost}
            decimalScale={isCost ? 6 : 0}
            prefix={isCost ? "$" : ""}
            thousandSeparator=" "
            data-autofocus
            {...form.getInputProps("amount")}
          />
          <FormButtons onClose={onClose} busy={save.isPending} />
        </Stack>
      </form>
    </Modal>
  );
}

interface ChoiceProps {
  value?: string;
  onChange: (value: string) => void;
  error?: ReactNode;
}

function AppSelect({ optional, ...rest }: ChoiceProps & { optional: boolean }) {
  const { t } = useTranslation();
  const apps = useApps();
  const data = (apps.data ?? []).map((app) => ({ value: app.id, label: app.name }));
  return (
    <Select
      label={t("limits.app")}
      searchable
      required={!optional}
      allowDeselect={false}
      data={optional ? [{ value: "", label: t("limits.anyApp") }, ...data] : data}
      {...rest}
      onChange={(value) => rest.onChange(value ?? "")}
    />
  );
}

function KeySelect({ app, ...rest }: ChoiceProps & { app: string }) {
  const { t } = useTranslation();
  const keys = useQuery({ queryKey: ["app-keys", app], queryFn: () => api.get<Page<AppKey>>(`/apps/${app}/keys`, { limit: 100 }), enabled: app !== "" });
  const data = (keys.data?.results ?? []).map((key) => ({ value: key.id, label: `${key.name} · ${key.prefix}…` }));
  return <Select label={t("limits.key")} required disabled={app === ""} allowDeselect={false} data={data} {...rest} onChange={(value) => rest.onChange(value ?? "")} />;
}
