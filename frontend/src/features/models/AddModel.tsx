/** Brings a model here: from the hub by its name, or from a file or folder of the machine that Atelier runs on. */
import { Button, Group, Modal, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ErrorState } from "@/shared/ui/states";
import { EngineSelect } from "./EngineSelect";
import { isEngineMissing, useAddModel, useEngines } from "./localModels";

type From = "hub" | "file";

export function AddModel({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [from, setFrom] = useState<From>("hub");
  const [source, setSource] = useState("");
  const [file, setFile] = useState("");
  const [name, setName] = useState("");
  const [engine, setEngine] = useState("");
  const isMissing = useEngines().data?.some((one) => one.name === engine && isEngineMissing(one)) ?? false;
  const add = useAddModel(onClose);
  return (
    <Modal opened onClose={onClose} title={t("models.addModelTitle")} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const given = source.trim();
          const wish = { id: name.trim(), engine };
          if (given) add.mutate(from === "hub" ? { pull: given, file: file.trim(), ...wish } : { path: given, ...wish });
        }}
      >
        <Stack gap="md">
          <SegmentedControl value={from} onChange={(value) => setFrom(value as From)} data={(["hub", "file"] as const).map((value) => ({ value, label: t(`models.from.${value}`) }))} aria-label={t("models.addModelTitle")} />
          <Text size="sm" c="dimmed">
            {t(from === "hub" ? "models.hubHint" : "models.fileHint")}
          </Text>
          <TextInput data-autofocus label={t(from === "hub" ? "models.repository" : "models.path")} placeholder={from === "hub" ? "owner/model-GGUF" : "/path/to/model.gguf"} value={source} onChange={(event) => setSource(event.currentTarget.value)} required />
          {from === "hub" && <TextInput label={t("models.hubFile")} description={t("models.hubFileHint")} value={file} onChange={(event) => setFile(event.currentTarget.value)} />}
          <TextInput label={t("models.nameHere")} description={t("models.nameHereHint")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <EngineSelect value={engine} onChange={setEngine} />
          {add.isError && <ErrorState error={add.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={add.isPending} disabled={!source.trim() || isMissing}>
              {t(from === "hub" ? "models.pull" : "models.add")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
