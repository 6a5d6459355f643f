/** What is on this machine: memory, models on their way, models that are there. */
import { Alert, Button, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useMachine } from "@/shared/api/workspace";
import { Loaded } from "@/shared/ui/states";
import { AddModel } from "./AddModel";
import { Engines } from "./Engines";
import { LocalModelCard } from "./LocalModelCard";
import { MemoryBar } from "./MemoryBar";
import { ModelJobs } from "./ModelJobs";
import { useInventory } from "./localModels";

export function InstalledPage() {
  const { t } = useTranslation();
  const isMachineAdmin = useMachine();
  const inventory = useInventory();
  const [adding, setAdding] = useState(false);
  return (
    <Stack gap="md" component="section" aria-label={t("models.installed")}>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" c="dimmed">
          {t("models.installedHint")}
        </Text>
        {isMachineAdmin && (
          <Button leftSection={<IconPlus size={16} />} onClick={() => setAdding(true)} style={{ flex: "none" }}>
            {t("models.addLocal")}
          </Button>
        )}
      </Group>
      <ModelJobs />
      <Loaded query={inventory}>
        {(found) => (
          <Stack gap="md">
            {found.reason && (
              <Alert color="yellow" variant="light">
                {found.reason}
              </Alert>
            )}
            <MemoryBar inventory={found} />
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              {found.results.map((model) => (
                <LocalModelCard key={model.id} model={model} />
              ))}
            </SimpleGrid>
            <Engines />
          </Stack>
        )}
      </Loaded>
      {adding && <AddModel onClose={() => setAdding(false)} />}
    </Stack>
  );
}
