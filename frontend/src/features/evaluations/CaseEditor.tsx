/** A case: what is asked, and what is known of a good answer. */
import { JsonInput, Modal, Stack, TagsInput, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Case } from "@/shared/evaluations/types";
import { FormButtons } from "@/shared/ui/FormButtons";
import { ErrorState } from "@/shared/ui/states";

interface CaseEditorProps {
  setId: string;
  edited: Case | null;
  opened: boolean;
  onClose: () => void;
}

export function CaseEditor({ opened, onClose, edited, setId }: CaseEditorProps) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t(edited ? "evaluations.cases.edit" : "evaluations.cases.add")} size="lg">
      <CaseForm edited={edited} setId={setId} onClose={onClose} />
    </Modal>
  );
}

/** Null for what is no JSON object. */
function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = text.trim() === "" ? {} : JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** `name` or `name {"argument": …}`. */
function toolIn(text: string): { name: string; arguments?: unknown } {
  const at = text.indexOf("{");
  const given = at > 0 ? objectIn(text.slice(at)) : null;
  return given ? { name: text.slice(0, at).trim(), arguments: given } : { name: text.trim() };
}

function CaseForm({ edited, setId, onClose }: Omit<CaseEditorProps, "opened">) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [query, setQuery] = useState(edited?.query ?? "");
  const [inputs, setInputs] = useState(edited && Object.keys(edited.inputs ?? {}).length > 0 ? JSON.stringify(edited.inputs, null, 2) : "");
  const [expected, setExpected] = useState(edited?.expected ?? "");
  const [sources, setSources] = useState(edited?.expected_sources ?? []);
  const [tools, setTools] = useState((edited?.expected_tools ?? []).map((tool) => (tool.arguments ? `${tool.name} ${JSON.stringify(tool.arguments)}` : tool.name)));
  const [note, setNote] = useState(edited?.note ?? "");
  const given = objectIn(inputs);
  const save = useMutation({
    mutationFn: () => {
      const body = { query, inputs: given, expected, expected_sources: sources, expected_tools: tools.map(toolIn), note };
      return edited ? api.patch(`/test-sets/${setId}/cases/${edited.id}`, body) : api.post(`/test-sets/${setId}/cases`, body);
    },
    onSuccess: async () => {
      await Promise.all([client.invalidateQueries({ queryKey: ["evaluation-cases", setId] }), client.invalidateQueries({ queryKey: ["evaluation-sets"] })]);
      onClose();
      if (!edited) {
        setQuery("");
        setExpected("");
      }
    },
  });
  return (
    <Stack component="form" onSubmit={(event) => (event.preventDefault(), save.mutate())}>
      <Textarea label={t("evaluations.cases.query")} autosize minRows={2} maxRows={8} value={query} onChange={(event) => setQuery(event.currentTarget.value)} data-autofocus />
      <Textarea label={t("evaluations.cases.expected")} autosize minRows={2} maxRows={10} value={expected} onChange={(event) => setExpected(event.currentTarget.value)} />
      <JsonInput label={t("evaluations.cases.inputs")} description={t("evaluations.cases.inputsHint")} error={given === null && t("evaluations.cases.inputsWrong")} autosize minRows={2} maxRows={10} value={inputs} onChange={setInputs} classNames={{ input: "mono" }} />
      <TagsInput label={t("evaluations.cases.sources")} description={t("evaluations.cases.sourcesHint")} value={sources} onChange={setSources} splitChars={[]} />
      <TagsInput label={t("evaluations.cases.tools")} description={t("evaluations.cases.toolsHint")} value={tools} onChange={setTools} splitChars={[]} />
      <Textarea label={t("evaluations.cases.note")} autosize value={note} onChange={(event) => setNote(event.currentTarget.value)} />
      {save.isError && <ErrorState error={save.error} />}
      <FormButtons onClose={onClose} busy={save.isPending} disabled={given === null || (query.trim() === "" && inputs.trim() === "")} />
    </Stack>
  );
}
