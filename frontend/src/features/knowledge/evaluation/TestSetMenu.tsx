/** Renames or deletes a test set. */
import { ActionIcon, Button, Group, Menu, Modal, Stack, TextInput } from "@mantine/core";
import { IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { TestSet } from "@/shared/api/retrievalTypes";
import { ConfirmDelete } from "@/shared/ui/ConfirmDelete";
import { notifyError } from "@/shared/ui/notify";
import { setsPath } from "./queries";

export function TestSetMenu({ dataset, set }: { dataset: Dataset; set: TestSet }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asking, setAsking] = useState<"rename" | "delete" | null>(null);
  const [name, setName] = useState(set.name);
  const path = `${setsPath(dataset.id)}/${set.id}`;
  const done = async () => {
    await client.invalidateQueries({ queryKey: ["test-sets", dataset.id] });
    setAsking(null);
  };
  const rename = useMutation({ mutationFn: () => api.patch(path, { name: name.trim() }), onSuccess: done, onError: notifyError });
  const remove = useMutation({ mutationFn: () => api.delete(path), onSuccess: done, onError: notifyError });
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" size={36} aria-label={t("knowledge.actionsOf", { name: set.name })}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => setAsking("rename")}>
            {t("knowledge.rename")}
          </Menu.Item>
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => setAsking("delete")}>
            {t("common.delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={asking === "rename"} onClose={() => setAsking(null)} title={t("knowledge.rename")}>
        <Stack component="form" onSubmit={(event) => (event.preventDefault(), rename.mutate())}>
          <TextInput label={t("common.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required maxLength={120} data-autofocus />
          <Group justify="flex-end">
            <Button type="submit" loading={rename.isPending} disabled={name.trim() === ""}>
              {t("common.save")}
            </Button>
          </Group>
        </Stack>
      </Modal>
      <ConfirmDelete opened={asking === "delete"} title={t("knowledge.deleteQuestion", { name: set.name })} busy={remove.isPending} onConfirm={() => remove.mutate()} onClose={() => setAsking(null)}>
        {t("knowledge.deleteTestSetText", { count: set.case_count })}
      </ConfirmDelete>
    </>
  );
}
