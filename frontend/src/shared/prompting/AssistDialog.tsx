/** What the model shall do, and what it wrote: generated text while it comes, then the changes, then "Use it". */
import { Button, Chip, Group, SegmentedControl, Select, Stack, Text, Textarea } from "@mantine/core";
import { IconPlayerStop, IconSparkles } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useModels } from "@/shared/api/queries";
import { AssistResult } from "./AssistResult";
import { useAssist } from "./useAssist";

const WISHES = ["shorter", "stricter", "example", "language"] as const;

interface AssistDialogProps {
  model: string;
  prompt: string;
  variables: string[];
  /** What is asked for at first. */
  firstTask?: string;
  onAccept: (prompt: string) => void;
}

export function AssistDialog({ model: first, prompt, variables, firstTask = "", onAccept }: AssistDialogProps) {
  const { t } = useTranslation();
  const models = useModels();
  const chat = models.data?.filter((each) => each.kind === "chat") ?? [];
  const [way, setWay] = useState<"write" | "improve">(prompt.trim() ? "improve" : "write");
  const [model, setModel] = useState(first);
  const [task, setTask] = useState(firstTask);
  const [asked, setAsked] = useState("");
  const assist = useAssist();
  const options = chat.map((each) => ({ value: each.id, label: each.name === each.id ? each.name : each.id }));
  if (model && !options.some((option) => option.value === model)) options.push({ value: model, label: model });
  const begin = () => {
    const before = way === "improve" ? prompt : "";
    setAsked(before);
    assist.start({ model, task: task.trim(), prompt: before, variables });
  };
  const busy = assist.live || assist.checking;
  return (
    <Stack gap="md">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy && task.trim()) begin();
        }}
      >
        <Stack gap="sm">
          <SegmentedControl
            aria-label={t("prompts.assist.way")}
            data={[
              { value: "write", label: t("prompts.assist.write") },
              { value: "improve", label: t("prompts.assist.improve"), disabled: !prompt.trim() },
            ]}
            value={way}
            onChange={(next) => {
              setWay(next === "improve" ? "improve" : "write");
              assist.reset();
            }}
          />
          <Textarea
            data-autofocus
            label={t(way === "write" ? "prompts.assist.task" : "prompts.assist.change")}
            description={way === "write" && variables.length > 0 ? t("prompts.assist.withVariables", { names: variables.map((name) => `{{${name}}}`).join(", "), skipOnVariables: true }) : undefined}
            placeholder={t(way === "write" ? "prompts.assist.taskPlaceholder" : "prompts.assist.changePlaceholder")}
            value={task}
            onChange={(event) => setTask(event.currentTarget.value)}
            autosize
            minRows={3}
            maxRows={8}
            maxLength={10_000}
          />
          {way === "improve" && (
            <Group gap={6}>
              {WISHES.map((wish) => (
                <Chip key={wish} size="xs" variant="light" checked={task === t(`prompts.assist.wishes.${wish}`)} onChange={() => setTask(t(`prompts.assist.wishes.${wish}`))}>
                  {t(`prompts.assist.wishes.${wish}`)}
                </Chip>
              ))}
            </Group>
          )}
          <Group align="flex-end" justify="space-between" gap="sm">
            <Select flex={1} miw={200} label={t("prompts.assist.model")} data={options} value={model || null} onChange={(id) => id && setModel(id)} allowDeselect={false} searchable={options.length > 8} />
            {busy ? (
              <Button variant="default" leftSection={<IconPlayerStop size={16} />} onClick={() => void assist.stop()} disabled={!assist.live}>
                {t("prompts.assist.stop")}
              </Button>
            ) : (
              <Button type="submit" variant={assist.written?.text ? "default" : "filled"} leftSection={<IconSparkles size={16} />} disabled={!task.trim() || !model}>
                {t(assist.written ? "prompts.assist.again" : "prompts.assist.generate")}
              </Button>
            )}
          </Group>
          {chat.find((each) => each.id === model)?.embedded && (
            <Text size="xs" c="dimmed">
              {t("prompts.assist.small")}
            </Text>
          )}
        </Stack>
      </form>
      <AssistResult before={asked || prompt} assist={assist} onAccept={onAccept} />
    </Stack>
  );
}
