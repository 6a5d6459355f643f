/** Makes an app of a file that Dify or Atelier exported: first the report, with choices for what is not here, then the app. */
import { Badge, Button, FileInput, Group, Modal, ScrollArea, Select, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api } from "@/shared/api/client";
import { useDatasets, useModels, useTools } from "@/shared/api/queries";
import type { App } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { ErrorState } from "@/shared/ui/states";

interface Line {
  kind: "node" | "model" | "tool" | "dataset" | "variable";
  id: string;
  name: string;
  outcome: "mapped" | "degraded" | "unsupported";
  reason: string;
  proposal: string;
}
interface Imported {
  app: App | null;
  report: { lines: Line[] };
}
type Mapping = Record<"models" | "datasets" | "tools", Record<string, string>>;

const NOTHING: Mapping = { models: {}, datasets: {}, tools: {} };
const ROOM = { model: "models", dataset: "datasets", tool: "tools" } as const;
const COLORS = { mapped: "accent", degraded: "yellow", unsupported: "red" };

export function ImportApp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("apps.import.title")} size="xl">
      <ImportForm />
    </Modal>
  );
}

function ImportForm() {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [content, setContent] = useState("");
  const [mapping, setMapping] = useState(NOTHING);
  const send = useMutation({
    mutationFn: (ask: { content: string; mapping: Mapping; dry_run: boolean }) => api.post<Imported>("/apps/import", ask),
    onSuccess: async ({ app }) => {
      if (!app) return;
      await client.invalidateQueries({ queryKey: ["apps"] });
      await navigate(route(`apps/${app.id}/build`));
    },
  });
  const read = async (file: File | null) => {
    const text = file ? await file.text() : "";
    setContent(text);
    setMapping(NOTHING);
    if (text) send.mutate({ content: text, mapping: NOTHING, dry_run: true });
    else send.reset();
  };
  const choose = (line: Line, id: string) => {
    if (line.kind === "node" || line.kind === "variable") return;
    const room = ROOM[line.kind];
    const next = { ...mapping, [room]: { ...mapping[room], [line.id]: id } };
    setMapping(next);
    send.mutate({ content, mapping: next, dry_run: true });
  };
  return (
    <Stack>
      <FileInput label={t("apps.import.file")} description={t("apps.import.hint")} accept=".yml,.yaml,.json" clearable onChange={(file) => void read(file)} />
      {send.isError && <ErrorState error={send.error} />}
      {send.data && <Report lines={send.data.report.lines} onChoose={choose} />}
      <Group justify="flex-end">
        <Button disabled={!send.data || content === ""} loading={send.isPending} onClick={() => send.mutate({ content, mapping, dry_run: false })}>
          {t("apps.import.make")}
        </Button>
      </Group>
    </Stack>
  );
}

function Report({ lines, onChoose }: { lines: Line[]; onChoose: (line: Line, id: string) => void }) {
  const { t } = useTranslation();
  return (
    <ScrollArea.Autosize mah={380}>
      <Table>
        <Table.Tbody>
          {lines.map((line) => (
            <Table.Tr key={`${line.kind} ${line.id}`}>
              <Table.Td>
                <Text size="sm" fw={500}>
                  {line.name || line.id}
                </Text>
                <Text size="xs" c="dimmed">
                  {line.reason}
                </Text>
              </Table.Td>
              <Table.Td w={130}>
                <Badge color={COLORS[line.outcome]}>{t(`apps.import.outcomes.${line.outcome}`)}</Badge>
              </Table.Td>
              <Table.Td w={220}>
                <Choice line={line} onChoose={(id) => onChoose(line, id)} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}

function Choice({ line, onChoose }: { line: Line; onChoose: (id: string) => void }) {
  const { t } = useTranslation();
  const models = useModels();
  const datasets = useDatasets();
  const tools = useTools();
  const data = {
    model: (models.data ?? []).filter((each) => each.kind === "chat").map((each) => ({ value: each.id, label: each.name })),
    dataset: (datasets.data ?? []).map((each) => ({ value: each.id, label: each.name })),
    tool: (tools.data ?? []).map((each) => ({ value: each.name, label: each.title })),
    node: [],
    variable: [],
  }[line.kind];
  if (data.length === 0) return null;
  return <Select size="xs" aria-label={t("apps.import.instead")} placeholder={t("apps.import.instead")} data={data} value={line.proposal || null} searchable onChange={(id) => id && onChoose(id)} />;
}
