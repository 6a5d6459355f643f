/** The servers that lend models: a card each, and the drawer to add or change one. */
import { Button, Group, Stack } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { api } from "@/shared/api/client";
import type { Page as ApiPage, Provider } from "@/shared/api/types";
import { useMay } from "@/shared/api/workspace";
import { EmptyState, Loaded } from "@/shared/ui/states";
import { ProviderCard } from "./ProviderCard";
import { ProviderEditor } from "./ProviderEditor";

export function ProvidersPage() {
  const { t } = useTranslation();
  const may = useMay();
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
    <section aria-label={t("models.providers")}>
      <Loaded query={providers}>
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon={IconPlugConnected} title={t("models.noProvidersTitle")} text={may.administer ? t("models.noProvidersText") : t("models.askAdmin")} action={add} />
          ) : (
            <Stack gap="sm">
              <Group justify="flex-end">{add}</Group>
              {list.map((provider) => (
                <ProviderCard key={provider.id} provider={provider} onEdit={() => edit(provider.id)} />
              ))}
            </Stack>
          )
        }
      </Loaded>
      <ProviderEditor key={edited ?? "closed"} opened={edited === "new" || opened !== null} provider={opened} onClose={() => edit(null)} />
    </section>
  );
}
