/** The first page of a new platform: makes the owner and the first workspace. */
import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, Navigate, useNavigate } from "react-router";
import { api, ApiError } from "@/shared/api/client";
import type { Me } from "@/shared/api/types";
import { useSetup } from "@/shared/api/workspace";
import { Gate } from "@/shared/ui/Gate";
import { ErrorState, Loaded } from "@/shared/ui/states";

export function SetupPage() {
  const { t } = useTranslation();
  const setup = useSetup();
  // Asked for its cookie: the set-up itself needs the CSRF token.
  useQuery({ queryKey: ["session"], queryFn: () => api.get("/session"), staleTime: Infinity });
  return (
    <Gate title={t("session.setupTitle")} text={t("session.setupText")}>
      <Loaded query={setup}>
        {({ required, code_required }) => (required ? <SetupForm codeRequired={code_required} /> : <Navigate to="/login" replace />)}
      </Loaded>
    </Gate>
  );
}

function SetupForm({ codeRequired }: { codeRequired: boolean }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const form = useForm({ initialValues: { email: "", password: "", workspace_name: "", code: "" } });
  const setUp = useMutation({
    mutationFn: ({ code, workspace_name, ...rest }: typeof form.values) =>
      api.post<Me>("/setup", { ...rest, ...(workspace_name ? { workspace_name } : {}), ...(codeRequired ? { code } : {}) }),
    onSuccess: async (me) => {
      client.clear();
      client.setQueryData(["me"], me);
      await navigate(me.workspaces[0] ? `/w/${me.workspaces[0].id}/home` : "/", { replace: true });
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  const closed = setUp.error instanceof ApiError && setUp.error.code === "setup_closed";
  return (
    <form onSubmit={form.onSubmit((values) => setUp.mutate(values))}>
      <Stack>
        {setUp.isError && <ErrorState error={setUp.error} />}
        {closed && (
          <Anchor component={Link} to="/login">
            {t("session.signIn")}
          </Anchor>
        )}
        <TextInput label={t("session.email")} type="email" autoComplete="username" required {...form.getInputProps("email")} />
        <PasswordInput
          label={t("session.password")}
          description={t("session.passwordHint")}
          autoComplete="new-password"
          minLength={8}
          required
          {...form.getInputProps("password")}
        />
        <TextInput label={t("session.workspaceName")} placeholder={t("session.workspacePlaceholder")} {...form.getInputProps("workspace_name")} />
        {codeRequired && (
          <TextInput label={t("session.setupCode")} description={t("session.setupCodeHint")} required {...form.getInputProps("code")} />
        )}
        <Button type="submit" loading={setUp.isPending} fullWidth size="md">
          {t("session.createAccount")}
        </Button>
        <Text size="xs" c="dimmed" ta="center">
          {t("session.staysHere")}
        </Text>
      </Stack>
    </form>
  );
}
