/** The engines of this machine: what each opens and serves, and how to get one that is not installed. */
import { Badge, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useMachine } from "@/shared/api/workspace";
import { Loaded } from "@/shared/ui/states";
import { InstallCommand } from "./EngineSelect";
import { engineName, isEngineMissing, useEngines, type Engine } from "./localModels";

export function Engines() {
  const { t } = useTranslation();
  const engines = useEngines();
  return (
    <Stack gap="xs" component="section" aria-label={t("models.engine.title")} mt="md">
      <Title order={3} size="h5">
        {t("models.engine.title")}
      </Title>
      <Text size="sm" c="dimmed">
        {t("models.engine.hint")}
      </Text>
      <Loaded query={engines}>
        {(found) => (
          <Paper>
            {found.map((engine, at) => (
              <EngineRow key={engine.name} engine={engine} isFirst={at === 0} />
            ))}
          </Paper>
        )}
      </Loaded>
    </Stack>
  );
}

function EngineRow({ engine, isFirst }: { engine: Engine; isFirst: boolean }) {
  const { t } = useTranslation();
  const isMachineAdmin = useMachine();
  const isMissing = isEngineMissing(engine);
  const state = engine.is_builtin ? "builtin" : isMissing ? "missing" : "installed";
  return (
    <Stack component="article" gap={4} p="md" aria-label={engineName(engine.name)} style={isFirst ? undefined : { borderTop: "1px solid var(--hairline)" }}>
      <Group justify="space-between" wrap="nowrap">
        <Group gap="xs">
          <Text fw={600}>{engineName(engine.name)}</Text>
          {engine.formats.map((format) => (
            <Badge key={format} color="gray">
              {format}
            </Badge>
          ))}
        </Group>
        <Text size="sm" c={isMissing ? "dimmed" : undefined} style={{ flex: "none" }}>
          {t(`models.engine.states.${state}`)}
        </Text>
      </Group>
      <Text size="sm" c="dimmed">
        {t(`models.engine.purpose.${engine.name}`)}
      </Text>
      {engine.models.length > 0 && <Text size="sm">{t("models.engine.serves", { names: engine.models.join(", ") })}</Text>}
      {isMissing && isMachineAdmin && <InstallCommand command={engine.install_command} />}
    </Stack>
  );
}
