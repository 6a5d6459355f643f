/** What is taken out of runs before they are kept: three rules that are there, own ones, and a text to try them on. */
import { ActionIcon, Button, Checkbox, Code, Group, Paper, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import { useMay } from "@/shared/api/workspace";
import { errorText } from "@/shared/ui/errorText";
import { BUILT_IN, usePolicyChange, type BuiltIn, type LogPolicy, type OwnRule } from "./logPolicy";

export function RedactionRules({ policy }: { policy: LogPolicy }) {
  const { t } = useTranslation();
  const may = useMay();
  const change = usePolicyChange();
  const [builtIn, setBuiltIn] = useState<BuiltIn[]>(policy.redaction?.built_in ?? []);
  const [own, setOwn] = useState<OwnRule[]>(policy.redaction?.own ?? []);
  const [text, setText] = useState("");
  const rules = { built_in: BUILT_IN.filter((name) => builtIn.includes(name)), own };
  const trial = useMutation({ mutationFn: () => api.post<{ text: string }>("/log-policy/trial", { ...rules, text }) });
  const failed = change.error ?? trial.error;
  const fields = failed instanceof ApiError ? failed.fields : {};
  const put = (at: number, part: Partial<OwnRule>) => setOwn(own.map((rule, place) => (place === at ? { ...rule, ...part } : rule)));
  return (
    <Paper p="lg">
      <Stack>
        <Title order={2}>{t("settings.redaction.title")}</Title>
        <Text c="dimmed">{t("settings.redaction.text")}</Text>
        <Checkbox.Group value={builtIn} onChange={(names) => setBuiltIn(names as BuiltIn[])} aria-label={t("settings.redaction.title")}>
          <Group gap="lg">
            {BUILT_IN.map((name) => (
              <Checkbox key={name} value={name} label={t(`settings.redaction.rules.${name}`)} disabled={!may.administer} />
            ))}
          </Group>
        </Checkbox.Group>
        {own.map((rule, at) => (
          <Group key={at} gap="xs" align="flex-start" wrap="nowrap">
            <TextInput w={150} miw={90} aria-label={t("settings.redaction.name")} placeholder={t("settings.redaction.nameHint")} value={rule.name} onChange={(event) => put(at, { name: event.currentTarget.value })} error={fields[`own.${at}.name`]} disabled={!may.administer} />
            <TextInput flex={1} miw={0} className="mono" aria-label={t("settings.redaction.pattern")} placeholder={"CUST-\\d{6}"} value={rule.pattern} onChange={(event) => put(at, { pattern: event.currentTarget.value })} error={fields[`own.${at}.pattern`]} disabled={!may.administer} />
            {may.administer && (
              <ActionIcon variant="subtle" color="gray" mt={4} onClick={() => setOwn(own.filter((_, place) => place !== at))} aria-label={t("settings.redaction.remove", { name: rule.name })}>
                <IconTrash size={16} />
              </ActionIcon>
            )}
          </Group>
        ))}
        {may.administer && (
          <>
            <Group>
              <Button variant="default" leftSection={<IconPlus size={16} />} onClick={() => setOwn([...own, { name: "", pattern: "" }])}>
                {t("settings.redaction.add")}
              </Button>
            </Group>
            <Textarea label={t("settings.redaction.try")} placeholder={t("settings.redaction.tryHint")} value={text} onChange={(event) => setText(event.currentTarget.value)} autosize minRows={2} maxRows={8} />
            {trial.data && (
              <Code block role="status" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                {trial.data.text}
              </Code>
            )}
            {trial.isError && (
              <Text size="sm" c="var(--danger-text)" role="alert">
                {errorText(t, trial.error).detail}
              </Text>
            )}
            <Group>
              <Button loading={change.isPending} onClick={() => change.mutate({ redaction: rules })}>
                {t("common.save")}
              </Button>
              <Button variant="default" loading={trial.isPending} disabled={text === ""} onClick={() => trial.mutate()}>
                {t("settings.redaction.tryDo")}
              </Button>
            </Group>
          </>
        )}
        <Text size="xs" c="dimmed">
          {t("settings.redaction.note")}
        </Text>
      </Stack>
    </Paper>
  );
}
