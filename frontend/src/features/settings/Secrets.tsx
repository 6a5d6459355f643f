/** Every key of an outside service that is stored here: where it is used and where it is changed. None is shown. */
import { Anchor, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api } from "@/shared/api/client";
import type { Page, Provider, Tool } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { EmptyState, Loaded } from "@/shared/ui/states";

interface Secret {
  id: string;
  name: string;
  kind: "provider" | "tool";
  what: string;
  path: string;
}

type CredentialTool = Tool & { credentials: { title: string; is_stored: boolean }[] };

async function listSecrets(): Promise<Secret[]> {
  const [providers, tools] = await Promise.all([api.get<Page<Provider>>("/providers", { limit: 100 }), api.get<Page<CredentialTool>>("/tools")]);
  const ofProviders = providers.results.filter((provider) => provider.has_key).map((provider): Secret => ({ id: provider.id, name: provider.name, kind: "provider", what: provider.base_url, path: "models" }));
  const ofTools = tools.results.flatMap((tool): Secret[] => {
    const stored = tool.credentials.filter((each) => each.is_stored).map((each) => each.title);
    return stored.length > 0 ? [{ id: tool.name, name: tool.title, kind: "tool", what: stored.join(", "), path: `tools/${tool.name}?part=credentials` }] : [];
  });
  return [...ofProviders, ...ofTools];
}

export function Secrets() {
  const { t } = useTranslation();
  const route = useRoute();
  const secrets = useQuery({ queryKey: ["secrets", "services"], queryFn: listSecrets });
  return (
    <Paper p="lg">
      <Title order={2}>{t("settings.sections.secrets")}</Title>
      <Text size="sm" c="dimmed" mb="md">
        {t("settings.secretsText")}
      </Text>
      <Loaded query={secrets}>
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon={IconLock} title={t("settings.noneYet")} text={t("settings.secretsEmpty")} />
          ) : (
            <Stack gap={0} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
              {list.map((secret) => (
                <Group key={secret.id} component="li" justify="space-between" wrap="nowrap" py="xs" style={{ borderBottom: "1px solid var(--hairline)" }}>
                  <Stack gap={0} miw={0}>
                    <Text size="sm" fw={500} truncate>
                      {secret.name}
                    </Text>
                    <Text size="xs" c="dimmed" truncate>
                      {t(`settings.secretKinds.${secret.kind}`)} · {secret.what}
                    </Text>
                  </Stack>
                  <Anchor component={Link} to={route(secret.path)} size="sm" style={{ flex: "none" }}>
                    {t("common.edit")}
                  </Anchor>
                </Group>
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Paper>
  );
}
