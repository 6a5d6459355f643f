/** Where the time of a search went: one bar, a part for each stage. */
import { Group, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Stage } from "@/shared/api/retrievalTypes";
import { formatDuration } from "@/shared/format/numbers";
import classes from "../knowledge.module.css";
import { slicesOf } from "./stages";
import { stageName } from "./stageNames";

const COLORS: Record<string, string> = {
  rewrite: "violet-5",
  filter: "orange-5",
  embed: "indigo-5",
  semantic: "accent-5",
  full_text: "blue-5",
  fuse: "cyan-6",
  rerank: "grape-5",
};

export function StageBar({ trace }: { trace: Stage[] }) {
  const { t } = useTranslation();
  const slices = slicesOf(trace);
  const color = (name: string) => `var(--mantine-color-${COLORS[name] ?? "gray-5"})`;
  return (
    <div>
      <div className={classes.bar} aria-hidden>
        {slices.map((slice, index) => (
          <span key={index} style={{ width: `${slice.percent}%`, background: color(slice.name) }} />
        ))}
      </div>
      <Group gap="md" mt={6} component="ul" m={0} p={0} style={{ listStyle: "none", rowGap: 2 }} aria-label={t("knowledge.times")}>
        {slices.map((slice, index) => (
          <Group key={index} component="li" gap={6} wrap="nowrap">
            <span className={classes.dot} style={{ background: color(slice.name) }} aria-hidden />
            <Text size="xs" c="dimmed" className="numbers">
              {stageName(t, slice.name)} {formatDuration(slice.elapsedMs)}
            </Text>
          </Group>
        ))}
      </Group>
    </div>
  );
}
