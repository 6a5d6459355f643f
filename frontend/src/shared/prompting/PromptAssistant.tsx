/** The button and the dialog in which a model writes a prompt, or improves the one that is there. */
import { Button, Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconSparkles } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AssistDialog } from "./AssistDialog";

export interface PromptAssistantProps {
  /** The app whose prompt it is; the dialog begins anew for another one. */
  appId: string;
  /** The model that writes at first; another can be chosen. */
  model: string;
  prompt: string;
  /** Names that the app declares. */
  variables?: string[];
  onAccept: (prompt: string) => void;
}

export function PromptAssistant({ appId, model, prompt, variables = [], onAccept }: PromptAssistantProps) {
  const { t } = useTranslation();
  const [opened, setOpened] = useState(false);
  const accept = (next: string) => {
    onAccept(next);
    setOpened(false);
    const id = `prompt-${appId}`;
    const undo = () => {
      onAccept(prompt);
      notifications.hide(id);
    };
    notifications.hide(id);
    notifications.show({ id, color: "accent", withBorder: true, autoClose: 12_000, message: <Accepted onUndo={undo} /> });
  };
  return (
    <>
      <Button size="compact-xs" variant="subtle" leftSection={<IconSparkles size={14} />} onClick={() => setOpened(true)} aria-haspopup="dialog">
        {t(prompt.trim() ? "prompts.assist.improve" : "prompts.assist.write")}
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title={t("prompts.assist.title")} size="xl" keepMounted={false}>
        <AssistDialog key={appId} model={model} prompt={prompt} variables={variables} onAccept={accept} />
      </Modal>
    </>
  );
}

function Accepted({ onUndo }: { onUndo: () => void }) {
  const { t } = useTranslation();
  return (
    <>
      {t("prompts.assist.used")}{" "}
      <Button size="compact-xs" variant="light" ml="xs" onClick={onUndo}>
        {t("prompts.assist.undo")}
      </Button>
    </>
  );
}
