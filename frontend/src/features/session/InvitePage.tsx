/** Accepts an invitation: who has no account yet chooses a password here. */
import { Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { api, ApiError } from "@/shared/api/client";
import type { Me } from "@/shared/api/types";
import { Gate } from "@/shared/ui/Gate";
import { ErrorState } from "@/shared/ui/states";

export function InvitePage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const params = useParams();
  const [search] = useSearchParams();
  const token = params.token ?? search.get("token") ?? "";
  useQuery({ queryKey: ["session"], queryFn: () => api.get("/session"), staleTime: Infinity });
  const form = useForm({ initialValues: { name: "", password: "" } });
  const accept = useMutation({
    mutationFn: ({ name, password }: typeof form.values) =>
      api.post<Me>("/invitations/accept", { token, ...(name ? { name } : {}), ...(password ? { password } : {}) }),
    onSuccess: async (me) => {
      client.clear();
      client.setQueryData(["me"], me);
      await navigate("/", { replace: true });
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  return (
    <Gate title={t("session.inviteTitle")} text={t("session.inviteText")}>
      <form onSubmit={form.onSubmit((values) => accept.mutate(values))}>
        <Stack>
          {accept.isError && <ErrorState error={accept.error} />}
          <TextInput label={t("session.yourName")} autoComplete="name" {...form.getInputProps("name")} />
          <PasswordInput label={t("session.password")} description={t("session.invitePasswordHint")} autoComplete="new-password" {...form.getInputProps("password")} />
          <Button type="submit" loading={accept.isPending} fullWidth size="md">
            {t("session.join")}
          </Button>
        </Stack>
      </form>
    </Gate>
  );
}
