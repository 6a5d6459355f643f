/** Signs in and leads back to where one wanted to go. */
import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Navigate, useNavigate, useSearchParams } from "react-router";
import { api } from "@/shared/api/client";
import type { Me } from "@/shared/api/types";
import { useSetup } from "@/shared/api/workspace";
import { Gate } from "@/shared/ui/Gate";
import { ErrorState } from "@/shared/ui/states";

/** Only a path of this page: an address from elsewhere would make the login a springboard. */
function ownPath(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}

export function LoginPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [search] = useSearchParams();
  const setup = useSetup();
  // Asked for its cookie: the login itself needs the CSRF token.
  useQuery({ queryKey: ["session"], queryFn: () => api.get("/session"), staleTime: Infinity });
  const form = useForm({ initialValues: { email: "", password: "" } });
  const signIn = useMutation({
    mutationFn: (values: typeof form.values) => api.post<Me>("/session", values),
    onSuccess: async (me) => {
      client.clear();
      client.setQueryData(["me"], me);
      await navigate(ownPath(search.get("next")), { replace: true });
    },
  });
  if (setup.data?.required) return <Navigate to="/setup" replace />;
  return (
    <Gate title={t("session.signInTitle")} text={t("session.signInText")}>
      <form onSubmit={form.onSubmit((values) => signIn.mutate(values))}>
        <Stack>
          {signIn.isError && <ErrorState error={signIn.error} />}
          <TextInput label={t("session.email")} type="email" autoComplete="username" required autoFocus {...form.getInputProps("email")} />
          <PasswordInput label={t("session.password")} autoComplete="current-password" required {...form.getInputProps("password")} />
          <Button type="submit" loading={signIn.isPending} fullWidth size="md">
            {t("session.signIn")}
          </Button>
        </Stack>
      </form>
    </Gate>
  );
}
