/** The visitor's earlier conversations: open, rename, delete. */
import { ActionIcon, Button, Group, Menu, Modal, Skeleton, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Talk } from "./api";
import classes from "./published.module.css";
import { useVisit } from "./SiteContext";
import { errorWords } from "./words";

interface TalksProps {
  current: string | null;
  onOpen: (id: string | null) => void;
}

export function Talks({ current, onOpen }: TalksProps) {
  const { t } = useTranslation();
  const { api } = useVisit();
  const talks = useInfiniteQuery({
    queryKey: ["talks", api.code],
    queryFn: ({ pageParam }) => api.talks(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
  const [renaming, setRenaming] = useState<Talk | null>(null);
  const [removing, setRemoving] = useState<Talk | null>(null);
  if (talks.isPending) return <Stack gap={6}>{[1, 2, 3].map((each) => <Skeleton key={each} height={34} />)}</Stack>;
  if (talks.isError) return <Text size="sm" c="dimmed" px={10}>{errorWords(t, talks.error)}</Text>;
  const rows = talks.data.pages.flatMap((page) => page.results);
  return (
    <>
      {rows.length === 0 && (
        <Text size="sm" c="dimmed" px={10}>
          {t("published.noneYet")}
        </Text>
      )}
      <ul className={classes.rows}>
        {rows.map((talk) => (
          <li key={talk.id} className={classes.row} data-current={talk.id === current || undefined}>
            <UnstyledButton className={classes.rowName} onClick={() => onOpen(talk.id)} aria-current={talk.id === current ? "page" : undefined}>
              {talk.name}
            </UnstyledButton>
            <Menu position="bottom-end" withinPortal>
              <Menu.Target>
                <ActionIcon variant="subtle" size={28} className={classes.rowMenu} aria-label={`${talk.name}: ${t("common.more")}`}>
                  <IconDots size={16} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconPencil size={14} />} onClick={() => setRenaming(talk)}>
                  {t("published.rename")}
                </Menu.Item>
                <Menu.Item color="red" leftSection={<IconTrash size={14} />} onClick={() => setRemoving(talk)}>
                  {t("published.remove")}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </li>
        ))}
      </ul>
      {talks.hasNextPage && (
        <Button size="xs" variant="subtle" color="gray" loading={talks.isFetchingNextPage} onClick={() => void talks.fetchNextPage()}>
          {t("common.loadMore")}
        </Button>
      )}
      {renaming && <Rename talk={renaming} onClose={() => setRenaming(null)} />}
      {removing && (
        <Remove
          talk={removing}
          onClose={() => setRemoving(null)}
          onGone={() => removing.id === current && onOpen(null)}
        />
      )}
    </>
  );
}

function Rename({ talk, onClose }: { talk: Talk; onClose: () => void }) {
  const { t } = useTranslation();
  const { api } = useVisit();
  const client = useQueryClient();
  const [name, setName] = useState(talk.name);
  const save = useMutation({
    mutationFn: () => api.rename(talk.id, name.trim()),
    onSuccess: () => client.invalidateQueries({ queryKey: ["talks", api.code] }).then(onClose),
  });
  return (
    <Modal opened onClose={onClose} title={t("published.renameTitle")} size="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextInput label={t("common.name")} value={name} maxLength={200} onChange={(event) => setName(event.currentTarget.value)} data-autofocus error={save.isError && errorWords(t, save.error)} />
        <Group justify="flex-end" mt="md" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={save.isPending} disabled={name.trim() === ""}>
            {t("common.save")}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function Remove({ talk, onClose, onGone }: { talk: Talk; onClose: () => void; onGone: () => void }) {
  const { t } = useTranslation();
  const { api } = useVisit();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.remove(talk.id),
    onSuccess: () => {
      onGone();
      onClose();
      return client.invalidateQueries({ queryKey: ["talks", api.code] });
    },
  });
  return (
    <Modal opened onClose={onClose} title={t("published.removeTitle")} size="sm">
      <Text fw={500} mb={4} style={{ overflowWrap: "anywhere" }}>
        {talk.name}
      </Text>
      <Text size="sm" c="dimmed">
        {remove.isError ? errorWords(t, remove.error) : t("published.removeText")}
      </Text>
      <Group justify="flex-end" mt="md" gap="xs">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("common.cancel")}
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          {t("published.remove")}
        </Button>
      </Group>
    </Modal>
  );
}
