/** Answers that people liked, offered as examples: a click takes one over. */
import { Button, Collapse, Group, Paper, Stack, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronRight, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { api } from "@/shared/api/client";
import type { components } from "@/shared/api/schema";
import type { Example } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";

type Suggestions = components["schemas"]["ExampleSuggestions"];

interface ExampleSuggestionsProps {
  examples: readonly Example[];
  isFull: boolean;
  onAdd: (example: Example) => void;
}

export function ExampleSuggestions({ examples, isFull, onAdd }: ExampleSuggestionsProps) {
  const { t } = useTranslation();
  const { appId = "" } = useParams();
  const route = useRoute();
  const [isOpen, { toggle }] = useDisclosure();
  const { data } = useQuery({
    queryKey: ["example-suggestions", appId],
    queryFn: () => api.get<Suggestions>(`/apps/${appId}/example-suggestions`),
  });
  const taken = new Set(examples.map((example) => example.user.trim()));
  const offered = data?.results.filter((one) => !taken.has(one.user.trim())) ?? [];
  if (offered.length === 0) return null;
  return (
    <Stack gap="xs" role="group" aria-label={t("build.suggestions.title", { count: offered.length })}>
      <UnstyledButton onClick={toggle} aria-expanded={isOpen}>
        <Group gap={6}>
          <IconChevronRight size={14} style={{ transform: isOpen ? "rotate(90deg)" : undefined }} />
          <Text size="sm" fw={500}>
            {t("build.suggestions.title", { count: offered.length })}
          </Text>
        </Group>
      </UnstyledButton>
      <Collapse expanded={isOpen}>
        <Stack gap="xs">
          {offered.map((one) => (
            <Paper key={one.run_id} p="sm">
              <Text size="sm" fw={500} lineClamp={2}>
                {one.user}
              </Text>
              <Text size="sm" c="dimmed" lineClamp={3}>
                {one.assistant}
              </Text>
              <Group justify="space-between" mt="xs">
                <Text size="xs" component={Link} to={route(`runs/${one.run_id}`)}>
                  {t("build.suggestions.run", { count: one.likes })}
                </Text>
                <Button size="compact-xs" variant="light" leftSection={<IconPlus size={12} />} disabled={isFull} onClick={() => onAdd({ user: one.user, assistant: one.assistant })}>
                  {t("build.suggestions.take")}
                </Button>
              </Group>
            </Paper>
          ))}
        </Stack>
      </Collapse>
    </Stack>
  );
}
