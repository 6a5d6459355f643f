/** What an agent may use, how it decides and when it must stop. */
import { Checkbox, NumberInput, SegmentedControl, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useTools } from "@/shared/api/queries";
import type { Draft } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import { Loaded } from "@/shared/ui/states";

const STRATEGIES: Draft["agent"]["strategy"][] = ["function_calling", "react"];

export function AgentSection() {
  const { t } = useTranslation();
  const tools = useTools();
  const chosen = useDraft((state) => state.draft.tools);
  const agent = useDraft((state) => state.draft.agent);
  const edit = useDraft((state) => state.edit);
  return (
    <Stack gap="md">
      <Loaded query={tools}>
        {(list) => (
          <Checkbox.Group
            label={t("build.tools")}
            value={chosen.map((tool) => tool.name)}
            onChange={(names) => edit({ tools: names.map((name) => chosen.find((tool) => tool.name === name) ?? { name, config: {} }) })}
          >
            <Stack gap="xs" mt={6}>
              {list.map((tool) => (
                <Checkbox key={tool.name} value={tool.name} label={tool.title || tool.name} description={tool.description} />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
      </Loaded>
      <Stack gap={6}>
        <Text size="sm" fw={500}>
          {t("build.strategy")}
        </Text>
        <SegmentedControl
          aria-label={t("build.strategy")}
          value={agent.strategy}
          onChange={(strategy) => edit({ agent: { ...agent, strategy: strategy as Draft["agent"]["strategy"] } })}
          data={STRATEGIES.map((value) => ({ value, label: t(`build.strategies.${value}`) }))}
        />
        <Text size="xs" c="dimmed">
          {t(`build.strategyHints.${agent.strategy}`)}
        </Text>
      </Stack>
      <NumberInput
        label={t("build.maxIterations")}
        description={t("build.maxIterationsHint")}
        min={1}
        max={50}
        allowDecimal={false}
        value={agent.max_iterations}
        onChange={(value) => value !== "" && edit({ agent: { ...agent, max_iterations: Number(value) } })}
      />
    </Stack>
  );
}
