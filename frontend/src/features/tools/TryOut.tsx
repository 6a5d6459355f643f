/** Calls a tool once, as a run would: a form from its schema, and what came back. */
import { Alert, Button, Collapse, Group, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconChevronRight, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import { useMay } from "@/shared/api/workspace";
import { AskRole } from "@/shared/ui/AskRole";
import { ErrorState } from "@/shared/ui/states";
import { exampleOf, stateOf } from "./groups";
import { argumentsOf, fieldsOf, filledOf, type Filled } from "@/shared/tools/schema";
import { SchemaForm } from "@/shared/tools/SchemaForm";
import { useSettingWords } from "@/shared/tools/words";
import { TryResult } from "./TryResult";
import type { ToolInfo, Tried } from "./types";

export function TryOut({ tool, onEnter }: { tool: ToolInfo; onEnter: () => void }) {
  const { t } = useTranslation();
  const may = useMay();
  const fields = useMemo(() => fieldsOf(tool.parameters), [tool.parameters]);
  const named = useSettingWords();
  const settings = fieldsOf(tool.config_schema).map(named);
  const [filled, setFilled] = useState<Filled>(() => filledOf(fields, {}));
  const [set, setSet] = useState<Filled>(() => filledOf(settings, {}));
  const [asked, setAsked] = useState(false);
  // What a search looks through is a setting that nothing works without.
  const [open, setOpen] = useState(tool.name === "knowledge_search");
  const { values, problems } = argumentsOf(fields, filled);
  const config = argumentsOf(settings, set);
  const call = useMutation({
    mutationFn: () => api.post<Tried>(`/tools/${tool.name}/try`, { arguments: values, config: config.values }),
  });
  const wrong = call.error instanceof ApiError ? call.error.fields : {};
  const state = stateOf(tool);
  const example = exampleOf(tool.name);
  const submit = () => {
    setAsked(true);
    if (Object.keys(problems).length + Object.keys(config.problems).length === 0) call.mutate();
  };
  if (!may.edit) return <AskRole role="editor" what={t("tools.try.needsRole")} />;
  return (
    <Stack
      component="form"
      gap="md"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {state === "needs" && (
        <Alert color="yellow" variant="light" title={t("tools.try.needsTitle")}>
          <Button size="xs" variant="default" onClick={onEnter}>
            {t("tools.try.needsAction")}
          </Button>
        </Alert>
      )}
      <SchemaForm fields={fields} filled={filled} problems={asked ? problems : {}} onChange={setFilled} />
      {settings.length > 0 && (
        <div>
          <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open}>
            <Group gap={4}>
              <IconChevronRight size={14} style={{ transform: open ? "rotate(90deg)" : undefined }} />
              <Text size="sm" fw={500}>
                {t("tools.details.settings")}
              </Text>
            </Group>
          </UnstyledButton>
          <Collapse expanded={open}>
            <Stack pt="sm" pl="md">
              <SchemaForm fields={settings} filled={set} problems={{ ...(asked ? config.problems : {}), ...ofConfig(wrong) }} onChange={setSet} />
            </Stack>
          </Collapse>
        </div>
      )}
      <Group gap="xs">
        <Button type="submit" leftSection={<IconPlayerPlay size={16} />} loading={call.isPending} disabled={state !== "ready"}>
          {t("tools.try.run")}
        </Button>
        {example && (
          <Button variant="default" onClick={() => setFilled(filledOf(fields, example))}>
            {t("tools.try.example")}
          </Button>
        )}
      </Group>
      <div aria-live="polite">
        {call.isError && <ErrorState error={call.error} />}
        {call.data && <TryResult tried={call.data} />}
      </div>
    </Stack>
  );
}

function ofConfig(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([path, message]) => [path.replace(/^config\./, "").split(".")[0] ?? path, message]));
}
