/** Gives a model of this machine to another engine. */
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { notifyDone } from "@/shared/ui/notify";
import { ErrorState } from "@/shared/ui/states";
import { EngineSelect } from "./EngineSelect";
import { engineName, isEngineMissing, useEngines, useModelAction, type LocalModel } from "./localModels";

export function ChooseEngine({ model, onClose }: { model: LocalModel; onClose: () => void }) {
  const { t } = useTranslation();
  const [engine, setEngine] = useState(model.engine);
  const engines = useEngines();
  const { choose } = useModelAction(model.id);
  const picked = engines.data?.find((one) => one.name === engine);
  const save = () =>
    choose.mutate(engine, {
      onSuccess: () => {
        notifyDone(t("models.engine.chosen", { name: model.id, engine: engineName(engine) }));
        onClose();
      },
    });
  return (
    <Modal opened onClose={onClose} title={t("models.engine.chooseTitle", { name: model.id })}>
      <Stack gap="md">
        <EngineSelect value={engine} onChange={setEngine} format={model.format} />
        <Text size="sm" c="dimmed">
          {t("models.engine.chooseHint")}
        </Text>
        {choose.isError && <ErrorState error={choose.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button onClick={save} loading={choose.isPending} disabled={!picked || isEngineMissing(picked) || engine === model.engine}>
            {t("common.save")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
