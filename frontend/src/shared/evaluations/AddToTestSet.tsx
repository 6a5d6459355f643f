/** Makes a test case of a run: into which set, and what a good answer would have been. */
import { Button, Group, Modal, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import { notifyDone } from "@/shared/ui/notify";
import { ErrorState, Loaded } from "@/shared/ui/states";
import { useTestSets } from "./queries";
import type { TestSet } from "./types";

const NEW = "new";

interface AddToTestSetProps {
  run: { id: string; query: string; answer: string };
  opened: boolean;
  onClose: () => void;
}

export function AddToTestSet({ run, opened, onClose }: AddToTestSetProps) {
  const { t } = useTranslation();
  const sets = useTestSets(opened);
  return (
    <Modal opened={opened} onClose={onClose} title={t("evaluations.addRun.title")} size="lg">
      <Loaded query={sets}>{(list) => <Form run={run} sets={list} onClose={onClose} />}</Loaded>
    </Modal>
  );
}

function Form({ run, sets, onClose }: { run: AddToTestSetProps["run"]; sets: TestSet[]; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [setId, setSetId] = useState(sets[0]?.id ?? NEW);
  const [name, setName] = useState("");
  const [expected, setExpected] = useState(run.answer);
  const add = useMutation({
    mutationFn: () =>
      api.post<components["schemas"]["CaseOfRunMade"]>(`/runs/${run.id}/test-cases`, {
        ...(setId === NEW ? { set_name: name.trim() } : { set_id: setId }),
        // An answer that is kept as it was brings the sources that it cited.
        expected: expected === run.answer ? null : expected,
      }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["evaluation-sets"] });
      notifyDone(t("evaluations.addRun.done"));
      onClose();
    },
  });
  return (
    <Stack component="form" onSubmit={(event) => (event.preventDefault(), add.mutate())}>
      {run.query && (
        <Text size="sm" c="dimmed" lineClamp={3}>
          {run.query}
        </Text>
      )}
      <Select
        label={t("evaluations.testSet")}
        data={[...sets.map((set) => ({ value: set.id, label: set.name })), { value: NEW, label: t("evaluations.addRun.newSet") }]}
        value={setId}
        onChange={(value) => value && setSetId(value)}
        allowDeselect={false}
      />
      {setId === NEW && <TextInput label={t("evaluations.sets.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required maxLength={120} />}
      <Textarea label={t("evaluations.cases.expected")} description={t("evaluations.addRun.expectedHint")} autosize minRows={3} maxRows={10} value={expected} onChange={(event) => setExpected(event.currentTarget.value)} />
      {add.isError && <ErrorState error={add.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {t("common.cancel")}
        </Button>
        <Button type="submit" loading={add.isPending}>
          {t("evaluations.addRun.add")}
        </Button>
      </Group>
    </Stack>
  );
}
