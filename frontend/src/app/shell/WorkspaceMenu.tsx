/** The workspace one is in: switch, add one, sign out. */
import { Button, Group, Menu, Modal, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconCheck, IconLogout, IconPlus, IconSelector } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, setRequestWorkspace } from "@/shared/api/client";
import type { WorkspaceRef } from "@/shared/api/types";
import { useMe, useWorkspace } from "@/shared/api/workspace";
import { notifyError } from "@/shared/ui/notify";
import classes from "./shell.module.css";

export function useSignOut() {
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => api.delete("/session"),
    onSuccess: async () => {
      setRequestWorkspace(null);
      await navigate("/login");
      client.clear();
    },
    onError: notifyError,
  });
}

export function WorkspaceMenu({ folded }: { folded: boolean }) {
  const { t } = useTranslation();
  const workspace = useWorkspace();
  const me = useMe();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const [creating, setCreating] = useState(false);
  return (
    <>
      <Menu position="bottom-start" width={240}>
        <Menu.Target>
          <UnstyledButton className={classes.workspace} aria-label={t("common.workspaceMenu", { name: workspace.name })}>
            <span className={`${classes.mark} ${classes.drawn}`} data-drawn={(workspace.name[0] ?? "A").toUpperCase()} />
            {!folded && (
              <>
                <Text fw={600} truncate flex={1} miw={0} className={classes.word}>
                  {workspace.name}
                </Text>
                <IconSelector size={16} className={classes.word} />
              </>
            )}
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{me.data?.email}</Menu.Label>
          {me.data?.workspaces.map((each) => (
            <Menu.Item
              key={each.id}
              onClick={() => void navigate(`/w/${each.id}/home`)}
              rightSection={each.id === workspace.id ? <IconCheck size={16} /> : null}
            >
              {each.name}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
            {t("common.newWorkspace")}
          </Menu.Item>
          <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => signOut.mutate()}>
            {t("common.signOut")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <NewWorkspace opened={creating} onClose={() => setCreating(false)} />
    </>
  );
}

function NewWorkspace({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => api.post<WorkspaceRef>("/workspaces", { name }),
    onSuccess: async (workspace) => {
      await client.refetchQueries({ queryKey: ["me"] });
      onClose();
      await navigate(`/w/${workspace.id}/home`);
    },
    onError: notifyError,
  });
  return (
    <Modal opened={opened} onClose={onClose} title={t("common.newWorkspace")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <Stack>
          <TextInput label={t("common.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required data-autofocus />
          <Group justify="flex-end">
            <Button type="submit" loading={create.isPending}>
              {t("common.create")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
