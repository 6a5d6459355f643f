/** Deletes what a page is about, after asking, and goes back to the list that it stood in. */
import { Button, Group, Text } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyError } from "@/shared/ui/notify";

interface DeleteButtonProps {
  label: string;
  text: string;
  remove: () => Promise<unknown>;
  /** The page of the list. */
  list: string;
  /** What the cache knows of the one, and of the list. */
  oneKey: QueryKey;
  listKey: QueryKey;
}

export function DeleteButton({ label, text, remove, list, oneKey, listKey }: DeleteButtonProps) {
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const removal = useMutation({
    mutationFn: remove,
    onSuccess: async () => {
      await navigate(route(list));
      client.removeQueries({ queryKey: oneKey });
      await client.invalidateQueries({ queryKey: listKey });
    },
    onError: notifyError,
  });
  return (
    <Group justify="flex-end">
      <Button variant="subtle" color="gray" size="xs" leftSection={<IconTrash size={14} />} onClick={() => setAsking(true)}>
        {label}
      </Button>
      <ConfirmDelete opened={asking} onClose={() => setAsking(false)} title={label} busy={removal.isPending} onConfirm={() => removal.mutate()}>
        <Text size="sm">{text}</Text>
      </ConfirmDelete>
    </Group>
  );
}
