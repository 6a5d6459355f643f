/** What a tool needs of an outside service: entered once for the workspace, never shown again, tried with one call. */
import { Badge, Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm, type GetInputPropsReturnType } from "@mantine/form";
import { IconPlugConnected } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import { useMay } from "@/shared/api/workspace";
import { AskRole } from "@/shared/ui/AskRole";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { LeaveGuard } from "@/shared/ui/LeaveGuard";
import { notifyDone, notifyError } from "@/shared/ui/notify";
import { ErrorState } from "@/shared/ui/states";
import { exampleOf } from "./groups";
import { TryResult } from "./TryResult";
import type { ToolCredential, ToolInfo, Tried } from "./types";
import { useToolWords } from "@/shared/tools/words";

export function Credentials({ tool }: { tool: ToolInfo }) {
  const { t } = useTranslation();
  const may = useMay();
  const client = useQueryClient();
  const words = useToolWords();
  const [forgetting, setForgetting] = useState(false);
  const stored = tool.credentials.filter((each) => each.is_stored);
  const form = useForm({ initialValues: Object.fromEntries(tool.credentials.map((each) => [each.name, ""])) });
  const refresh = () => client.invalidateQueries({ queryKey: ["tools"] });
  const save = useMutation({
    mutationFn: (values: Record<string, string>) => api.put(`/tools/${tool.name}/credentials`, { values }),
    onSuccess: async () => {
      form.reset();
      await refresh();
      notifyDone(t("tools.credentials.saved"));
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(Object.fromEntries(Object.entries(reason.fields).map(([path, message]) => [path.replace(/^values\./, ""), message])));
    },
  });
  const forget = useMutation({
    mutationFn: () => api.delete(`/tools/${tool.name}/credentials`),
    onSuccess: async () => {
      setForgetting(false);
      test.reset();
      await refresh();
    },
    onError: notifyError,
  });
  const test = useMutation({
    mutationFn: () => api.post<Tried>(`/tools/${tool.name}/try`, { arguments: exampleOf(tool.name) ?? {}, config: {} }),
    onError: notifyError,
  });
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        {t("tools.credentials.text")}
      </Text>
      {!may.administer && <AskRole role="admin" what={t("tools.credentials.needsRole")} />}
      <form onSubmit={form.onSubmit((values) => save.mutate(values))}>
        <Stack gap="sm">
          {save.isError && <ErrorState error={save.error} />}
          {tool.credentials.map((credential) => (
            <CredentialField key={credential.name} credential={credential} disabled={!may.administer} props={form.getInputProps(credential.name)} />
          ))}
          {stored.length > 0 && may.administer && (
            <Text size="sm" c="dimmed">
              {t("tools.credentials.replaces")}
            </Text>
          )}
          <Group gap="xs">
            {may.administer && (
              <Button type="submit" loading={save.isPending} disabled={!form.isDirty()}>
                {t("common.save")}
              </Button>
            )}
            {may.edit && tool.is_ready && exampleOf(tool.name) && (
              <Button variant="default" leftSection={<IconPlugConnected size={16} />} loading={test.isPending} disabled={form.isDirty()} onClick={() => test.mutate()}>
                {t("tools.credentials.test")}
              </Button>
            )}
            {may.administer && stored.length > 0 && (
              <Button variant="subtle" color="red" onClick={() => setForgetting(true)}>
                {t("tools.credentials.forget")}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
      <div aria-live="polite">{test.data && <TryResult tried={test.data} />}</div>
      {form.isDirty() && <LeaveGuard dirty />}
      <ConfirmDelete opened={forgetting} title={t("tools.credentials.forgetTitle", { name: words.title(tool) })} confirmLabel={t("tools.credentials.forget")} busy={forget.isPending} onConfirm={() => forget.mutate()} onClose={() => setForgetting(false)}>
        {t("tools.credentials.forgetText", { values: stored.map((each) => each.title).join(", ") })}
      </ConfirmDelete>
    </Stack>
  );
}

interface CredentialFieldProps {
  credential: ToolCredential;
  disabled: boolean;
  props: GetInputPropsReturnType;
}

function CredentialField({ credential, disabled, props }: CredentialFieldProps) {
  const { t } = useTranslation();
  const label = (
    <Group gap={6} display="inline-flex">
      {credential.title}
      {credential.is_stored && <Badge color="accent">{t("tools.entered")}</Badge>}
    </Group>
  );
  const common = {
    label,
    description: credential.help,
    placeholder: credential.is_stored ? (credential.is_secret ? "••••••••" : t("tools.credentials.storedPlaceholder")) : credential.default,
    required: credential.is_required && !credential.default,
    disabled,
    autoComplete: "off",
    ...props,
  };
  return credential.is_secret ? <PasswordInput {...common} autoComplete="new-password" /> : <TextInput {...common} type={credential.is_url ? "url" : "text"} />;
}
