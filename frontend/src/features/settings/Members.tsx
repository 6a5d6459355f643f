/** Who belongs to the workspace and who is invited. */
import { ActionIcon, Button, Group, Modal, Paper, Select, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import type { Invitation, Member, Page, Role } from "@/shared/api/types";
import { useMay, useMe, useWorkspace } from "@/shared/api/workspace";
import { AskRole } from "@/shared/ui/AskRole";
import { RelativeTime, SecretOnce } from "@/shared/ui/bits";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyError } from "@/shared/ui/notify";
import { ErrorState, Loaded } from "@/shared/ui/states";

const ROLES: Role[] = ["owner", "admin", "editor", "viewer"];

export function Members() {
  const { t } = useTranslation();
  const may = useMay();
  const [inviting, setInviting] = useState(false);
  return (
    <Stack>
      {!may.administer && <AskRole role="admin" what={t("settings.membersNeedRole")} />}
      <Paper p="lg">
        <Group justify="space-between" mb="md">
          <Title order={2}>{t("settings.sections.members")}</Title>
          {may.administer && (
            <Button leftSection={<IconPlus size={16} />} onClick={() => setInviting(true)}>
              {t("settings.invite")}
            </Button>
          )}
        </Group>
        <MemberTable />
      </Paper>
      {may.administer && <Invitations />}
      <Modal opened={inviting} onClose={() => setInviting(false)} title={t("settings.invite")}>
        <InviteForm onDone={() => setInviting(false)} />
      </Modal>
    </Stack>
  );
}

function MemberTable() {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const own = useWorkspace().role;
  const client = useQueryClient();
  const [leaving, setLeaving] = useState<Member | null>(null);
  const members = useQuery({
    queryKey: ["members"],
    queryFn: () => api.get<Page<Member>>("/members", { limit: 100 }),
    select: (page) => page.results,
  });
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey: ["members"] }), client.invalidateQueries({ queryKey: ["me"] })]);
  const change = useMutation({
    mutationFn: ({ id, role }: { id: string; role: Role }) => api.patch(`/members/${id}`, { role }),
    // Shown at once, and put back when the server refuses.
    onMutate: async ({ id, role }) => {
      await client.cancelQueries({ queryKey: ["members"] });
      const before = client.getQueryData<Page<Member>>(["members"]);
      client.setQueryData<Page<Member>>(["members"], (page) => page && { ...page, results: page.results.map((each) => (each.id === id ? { ...each, role } : each)) });
      return { before };
    },
    onError: (reason, _, context) => {
      client.setQueryData(["members"], context?.before);
      notifyError(reason);
    },
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.delete(`/members/${id}`),
    onSuccess: () => {
      setLeaving(null);
      return refresh();
    },
    onError: notifyError,
  });
  return (
    <Loaded query={members}>
      {(list) => (
        <Table.ScrollContainer minWidth={260}>
          <Table>
            <Table.Tbody>
              {list.map((member) => (
                <Table.Tr key={member.id}>
                  <Table.Td>
                    <Text size="sm" fw={500}>
                      {member.user.name || member.user.email} {member.user.id === me.data?.id && `(${t("settings.you")})`}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {member.user.email}
                    </Text>
                  </Table.Td>
                  <Table.Td w={130} px={0}>
                    <Select
                      size="xs"
                      aria-label={t("settings.roleOf", { name: member.user.email })}
                      data={ROLES.map((value) => ({ value, label: t(`settings.roles.${value}`), disabled: value === "owner" && own !== "owner" }))}
                      value={member.role}
                      onChange={(role) => role && change.mutate({ id: member.id, role: role as Role })}
                      disabled={!may.administer || (member.role === "owner" && own !== "owner")}
                      allowDeselect={false}
                    />
                  </Table.Td>
                  <Table.Td w={48}>
                    {may.administer && (member.role !== "owner" || own === "owner") && (
                      <ActionIcon variant="subtle" color="gray" onClick={() => setLeaving(member)} aria-label={t("settings.removeMember", { name: member.user.email })}>
                        <IconTrash size={16} />
                      </ActionIcon>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <ConfirmDelete opened={leaving !== null} title={t("settings.removeMember", { name: leaving?.user.email ?? "" })} confirmLabel={t("settings.remove")} busy={remove.isPending} onConfirm={() => leaving && remove.mutate(leaving.id)} onClose={() => setLeaving(null)}>
            {t("settings.removeMemberText")}
          </ConfirmDelete>
        </Table.ScrollContainer>
      )}
    </Loaded>
  );
}

function Invitations() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const invitations = useQuery({
    queryKey: ["invitations"],
    queryFn: () => api.get<Page<Invitation>>("/invitations", { limit: 100 }),
    select: (page) => page.results,
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.delete(`/invitations/${id}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ["invitations"] }),
    onError: notifyError,
  });
  if (!invitations.data?.length) return null;
  return (
    <Paper p="lg">
      <Title order={2} mb="md">
        {t("settings.invitations")}
      </Title>
      <Stack gap="xs">
        {invitations.data.map((invitation) => (
          <Group key={invitation.id} justify="space-between" wrap="nowrap">
            <Text size="sm" truncate>
              {invitation.email} · {t(`settings.roles.${invitation.role}`)}
            </Text>
            <Group gap="xs" wrap="nowrap">
              <Text size="xs" c="dimmed">
                {t("common.expires")} <RelativeTime at={invitation.expires_at} />
              </Text>
              <ActionIcon variant="subtle" color="gray" onClick={() => remove.mutate(invitation.id)} aria-label={t("settings.withdraw", { name: invitation.email })}>
                <IconTrash size={16} />
              </ActionIcon>
            </Group>
          </Group>
        ))}
      </Stack>
    </Paper>
  );
}

function InviteForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const form = useForm({ initialValues: { email: "", role: "editor" as Role } });
  const invite = useMutation({
    mutationFn: (values: typeof form.values) => api.post<Invitation>("/invitations", values),
    onSuccess: () => client.invalidateQueries({ queryKey: ["invitations"] }),
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  if (invite.data?.link) {
    return (
      <Stack>
        <SecretOnce label={t("settings.inviteLink")} value={new URL(invite.data.link, window.location.origin).href} />
        <Button onClick={onDone}>{t("common.done")}</Button>
      </Stack>
    );
  }
  return (
    <form onSubmit={form.onSubmit((values) => invite.mutate(values))}>
      <Stack>
        {invite.isError && <ErrorState error={invite.error} />}
        <TextInput label={t("session.email")} type="email" required data-autofocus {...form.getInputProps("email")} />
        <Select label={t("settings.role")} description={t(`settings.roleHints.${form.values.role}`)} data={ROLES.filter((role) => role !== "owner").map((value) => ({ value, label: t(`settings.roles.${value}`) }))} allowDeselect={false} {...form.getInputProps("role")} />
        <Group justify="flex-end">
          <Button type="submit" loading={invite.isPending}>
            {t("settings.createLink")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
