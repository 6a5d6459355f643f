/** Starts a new conversation, or opens one from before. */
import { ActionIcon, Button, Group, Menu, Text, Tooltip } from "@mantine/core";
import { IconHistory, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Conversation, Page } from "@/shared/api/types";
import { RelativeTime } from "@/shared/ui/bits";
import { notifyError } from "@/shared/ui/notify";

interface ConversationMenuProps {
  appId: string;
  current: string | null;
  onOpen: (id: string | null) => void;
}

export function ConversationMenu({ appId, current, onOpen }: ConversationMenuProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [opened, setOpened] = useState(false);
  const conversations = useQuery({
    queryKey: ["conversations", appId],
    queryFn: () => api.get<Page<Conversation>>(`/apps/${appId}/conversations`, { limit: 20 }),
    select: (page) => page.results,
    enabled: opened,
  });
  const remove = useMutation({
    mutationFn: (id: string) => api.delete(`/apps/${appId}/conversations/${id}`),
    onSuccess: (_, id) => {
      if (id === current) onOpen(null);
      return client.invalidateQueries({ queryKey: ["conversations", appId] });
    },
    onError: notifyError,
  });
  return (
    <Group gap="xs" wrap="nowrap">
      {current && (
        <Tooltip label={t("build.deleteConversation")}>
          <ActionIcon variant="subtle" color="gray" onClick={() => remove.mutate(current)} aria-label={t("build.deleteConversation")}>
            <IconTrash size={16} />
          </ActionIcon>
        </Tooltip>
      )}
      <Menu opened={opened} onChange={setOpened} position="bottom-end" width={300}>
        <Menu.Target>
          <Tooltip label={t("build.earlier")} disabled={opened}>
            <ActionIcon variant="subtle" color="gray" aria-label={t("build.earlier")}>
              <IconHistory size={17} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t("build.earlier")}</Menu.Label>
          {conversations.data?.map((conversation) => (
            <Menu.Item key={conversation.id} onClick={() => onOpen(conversation.id)} fw={conversation.id === current ? 600 : undefined}>
              <Group justify="space-between" wrap="nowrap">
                <Text size="sm" truncate>
                  {conversation.name || t("build.untitled")}
                </Text>
                <Text size="xs" c="dimmed" style={{ flex: "none" }}>
                  <RelativeTime at={conversation.updated_at} />
                </Text>
              </Group>
            </Menu.Item>
          ))}
          {conversations.data?.length === 0 && (
            <Text size="sm" c="dimmed" px="sm" py="xs">
              {t("build.noConversations")}
            </Text>
          )}
        </Menu.Dropdown>
      </Menu>
      <Button size="xs" variant="default" visibleFrom="sm" leftSection={<IconPlus size={14} />} onClick={() => onOpen(null)}>
        {t("build.newConversation")}
      </Button>
      <ActionIcon variant="default" hiddenFrom="sm" onClick={() => onOpen(null)} aria-label={t("build.newConversation")}>
        <IconPlus size={16} />
      </ActionIcon>
    </Group>
  );
}
