/** What the look-up before the model came to, in words: which annotation was near, and whether near enough. */
import { Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { RunNode } from "@/shared/api/runTypes";

export const ANNOTATION_STEP = "annotation_reply";

const digits = (value: unknown): string => (typeof value === "number" ? value.toFixed(3) : "–");

export function AnnotationStep({ node }: { node: RunNode }) {
  const { t } = useTranslation();
  const { outcome, score, threshold, question } = (node.outputs ?? {}) as Record<string, unknown>;
  const values = { score: digits(score), threshold: digits(threshold) };
  const text = () => {
    if (outcome === "failed") return t("annotations.stepFailed");
    if (outcome === "hit") return t("annotations.stepHit", values);
    return question ? t("annotations.stepMiss", values) : t("annotations.stepNone");
  };
  return (
    <Stack gap={2}>
      <Text size="sm">{text()}</Text>
      {typeof question === "string" && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {question}
        </Text>
      )}
    </Stack>
  );
}
