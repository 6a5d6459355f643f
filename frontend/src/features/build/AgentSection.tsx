/** What an agent may use, how it decides and when it must stop. */
import { Box, Checkbox, NumberInput, SegmentedControl, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useTools } from "@/shared/api/queries";
import type { Draft, JsonObject, Tool } from "@/shared/api/types";
import { useDraft } from "@/shared/draft/DraftContext";
import { ToolSettings } from "@/shared/tools/ToolSettings";
import { useToolWords } from "@/shared/tools/words";
import { Loaded } from "@/shared/ui/states";

/** The server takes no more. */
const MAX_ITERATIONS = 30;
const STRATEGIES: Draft["agent"]["strategy"][] = ["function_calling", "react"];

export function AgentSection() {
  const { t } = useTranslation();
  const tools = useTools();
  const chosen = useDraft((state) => state.draft.tools);
  const agent = useDraft((state) => state.draft.agent);
  const edit = useDraft((state) => state.edit);
  const fields = useDraft((state) => state.error)?.fields;
  const toggle = (name: string, isOn: boolean) => edit({ tools: isOn ? [...chosen, { name, config: {} }] : chosen.filter((tool) => tool.name !== name) });
  const set = (name: string, config: JsonObject) => edit({ tools: chosen.map((tool) => (tool.name === name ? { ...tool, config } : tool)) });
  return (
    <Stack gap="md">
      <Loaded query={tools}>
        {(list) => (
          <Stack gap="xs" role="group" aria-label={t("build.tools")}>
            <Text size="sm" fw={500}>
              {t("build.tools")}
            </Text>
            {list.map((tool) => (
              <ToolRow key={tool.name} tool={tool} choice={chosen.find((each) => each.name === tool.name)} refused={refusedOf(fields, chosen.findIndex((each) => each.name === tool.name))} onSwitch={toggle} onSet={set} />
            ))}
          </Stack>
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
        max={MAX_ITERATIONS}
        allowDecimal={false}
        value={agent.max_iterations}
        onChange={(value) => value !== "" && edit({ agent: { ...agent, max_iterations: Number(value) } })}
      />
    </Stack>
  );
}

/** What the server said about the settings of the tool at this position, by setting. */
function refusedOf(fields: Record<string, string> | undefined, index: number): Record<string, string> {
  const path = `tools.${index}.config.`;
  const found = Object.entries(fields ?? {}).filter(([field]) => field.startsWith(path));
  return Object.fromEntries(found.map(([field, message]) => [field.slice(path.length).split(".")[0] ?? field, message]));
}

interface ToolRowProps {
  tool: Tool;
  choice: Draft["tools"][number] | undefined;
  refused: Record<string, string>;
  onSwitch: (name: string, isOn: boolean) => void;
  onSet: (name: string, config: JsonObject) => void;
}

function ToolRow({ tool, choice, refused, onSwitch, onSet }: ToolRowProps) {
  const words = useToolWords();
  return (
    <div>
      <Checkbox label={words.title(tool)} description={words.does(tool)} checked={choice !== undefined} onChange={(event) => onSwitch(tool.name, event.currentTarget.checked)} />
      {choice && (
        <Box pl={32} pt={4}>
          <ToolSettings tool={tool} config={choice.config} refused={refused} onChange={(config) => onSet(tool.name, config)} />
        </Box>
      )}
    </div>
  );
}
