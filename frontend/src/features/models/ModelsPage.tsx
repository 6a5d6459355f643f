/** The models one can use: those that run inside, and the providers that lend more. */
import { Badge, Button, Group, Paper, SimpleGrid, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconCpu, IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { api } from "@/shared/api/client";
import { useModels } from "@/shared/api/queries";
import type { Model, Page as ApiPage, Provider } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { formatCount } from "@/shared/format/numbers";
import { Page } from "@/shared/ui/Page";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { StatusBadge } from "@/shared/ui/StatusBadge";
import { ProviderCard } from "./ProviderCard";
import { ProviderEditor } from "./ProviderEditor";

export function ModelsPage() {
  const { t } = useTranslation();
  const may = useMay();
  const models = useModels();
  const providers = useQuery({
    queryKey: ["providers"],
    queryFn: () => api.get<ApiPage<Provider>>("/providers", { limit: 100 }),
    select: (page) => page.results,
  });
  const [search, setSearch] = useSearchParams();
  const edited = search.get("provider");
  const edit = (id: string | null) => setSearch(id ? { provider: id } : {}, { replace: true });
  const add = may.administer && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => edit("new")}>
      {t("models.addProvider")}
    </Button>
  );
  const opened = edited === "new" ? null : (providers.data?.find((provider) => provider.id === edited) ?? null);
  return (
    <Page title={t("common.rooms.models")} description={t("models.description")} actions={add}>
      <Stack gap="xl">
        <section aria-label={t("models.installed")}>
          <Title order={2} mb="sm">
            {t("models.installed")}
          </Title>
          <Loaded query={models}>
            {(list) => (
              <SimpleGrid cols={{ base: 1, sm: 2 }}>
                {list
                  .filter((model) => model.embedded)
                  .map((model) => (
                    <InstalledModel key={model.id} model={model} />
                  ))}
              </SimpleGrid>
            )}
          </Loaded>
          <Text size="sm" c="dimmed" mt="sm">
            {t("models.installedHint")}
          </Text>
        </section>
        <section aria-label={t("models.providers")}>
          <Title order={2} mb="sm">
            {t("models.providers")}
          </Title>
          <Loaded query={providers}>
            {(list) =>
              list.length === 0 ? (
                <EmptyState icon={IconPlugConnected} title={t("models.noProvidersTitle")} text={may.administer ? t("models.noProvidersText") : t("models.askAdmin")} action={add} />
              ) : (
                <Stack gap="sm">
                  {list.map((provider) => (
                    <ProviderCard key={provider.id} provider={provider} onEdit={() => edit(provider.id)} />
                  ))}
                </Stack>
              )
            }
          </Loaded>
        </section>
      </Stack>
      <ProviderEditor key={edited ?? "closed"} opened={edited === "new" || opened !== null} provider={opened} onClose={() => edit(null)} />
    </Page>
  );
}

function InstalledModel({ model }: { model: Model }) {
  const { t } = useTranslation();
  return (
    <Paper p="md">
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <ThemeIcon variant="light" size={36} aria-hidden>
          <IconCpu size={19} stroke={1.6} />
        </ThemeIcon>
        <Stack gap={6} flex={1} miw={0}>
          <Group justify="space-between" wrap="nowrap">
            <Text fw={600} truncate>
              {model.name}
            </Text>
            <StatusBadge status={model.state} />
          </Group>
          <Group gap="xs">
            <Badge color="gray">{t(`models.kinds.${model.kind}`)}</Badge>
            <Badge color="gray" className="numbers">
              {t("models.context", { tokens: formatCount(model.context_tokens) })}
            </Badge>
            {model.supports_tools && <Badge color="gray">{t("models.tools")}</Badge>}
          </Group>
        </Stack>
      </Group>
    </Paper>
  );
}
