/** Who shall serve a model: the engines that open its format, with the command that brings one that is not there. */
import { Alert, Code, Group, Select, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { CopyButton } from "@/shared/ui/bits";
import { engineName, isEngineMissing, useEngines, type LocalModel } from "./localModels";

const USUAL = "usual";

interface EngineSelectProps {
  value: string;
  onChange: (engine: string) => void;
  /** Only engines that open it; every engine, and the usual one, where it is not known yet. */
  format?: LocalModel["format"];
}

export function EngineSelect({ value, onChange, format }: EngineSelectProps) {
  const { t } = useTranslation();
  const engines = useEngines();
  const offered = (engines.data ?? []).filter((engine) => (format ? engine.formats.includes(format) : !engine.is_builtin));
  const chosen = offered.find((engine) => engine.name === value);
  return (
    <Stack gap="xs">
      <Select
        label={t("models.engine.label")}
        description={format ? undefined : t("models.engine.usualHint")}
        allowDeselect={false}
        value={value || (format ? null : USUAL)}
        onChange={(picked) => onChange(!picked || picked === USUAL ? "" : picked)}
        data={[
          ...(format ? [] : [{ value: USUAL, label: t("models.engine.usual") }]),
          ...offered.map((engine) => ({ value: engine.name, label: engine.is_installed ? engineName(engine.name) : t("models.engine.notThere", { name: engineName(engine.name) }) })),
        ]}
      />
      {chosen && (
        <Text size="sm" c="dimmed">
          {t(`models.engine.purpose.${chosen.name}`)}
        </Text>
      )}
      {chosen && isEngineMissing(chosen) && (
        <Alert color="yellow" variant="light">
          <Text size="sm">{t("models.engine.missingText")}</Text>
          <InstallCommand command={chosen.install_command} />
        </Alert>
      )}
    </Stack>
  );
}

export function InstallCommand({ command }: { command: string }) {
  return (
    <Group gap={4} wrap="nowrap">
      <Code style={{ overflowWrap: "anywhere" }}>{command}</Code>
      <CopyButton value={command} />
    </Group>
  );
}
