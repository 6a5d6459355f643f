/** Values of a step as a tree; a large one is a reference with its beginning, and is fetched when somebody wants it. */
import { Button, Group, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Json } from "@/shared/api/types";
import { formatBytes } from "@/shared/format/numbers";
import { JsonTree } from "@/shared/ui/JsonTree";
import { notifyError } from "@/shared/ui/notify";

interface Reference {
  id: string;
  size_bytes: number;
}

export function referenceOf(value: Json | undefined): Reference | null {
  if (typeof value !== "object" || value === null || Array.isArray(value) || typeof value.$value !== "string") return null;
  return { id: value.$value, size_bytes: Number(value.size_bytes) };
}

export function StoredValues({ runId, label, value }: { runId: string; label: string; value: Json }) {
  const { t } = useTranslation();
  const [fetched, setFetched] = useState<Record<string, Json>>({});
  const fetchOne = useMutation({
    mutationFn: (id: string) => api.get<{ id: string; value: Json }>(`/runs/${runId}/values/${id}`),
    onSuccess: (found) => setFetched((known) => ({ ...known, [found.id]: found.value })),
    onError: notifyError,
  });
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  const entries = Object.entries(isObject && !referenceOf(value) ? value : { [label]: value });
  const missing = entries.flatMap(([name, each]) => {
    const reference = referenceOf(each);
    return reference && !(reference.id in fetched) ? [{ name, ...reference }] : [];
  });
  const whole = entries.map(([name, each]) => [name, fetched[referenceOf(each)?.id ?? ""] ?? each] as const);
  return (
    <Stack gap={4}>
      <JsonTree label={label} value={isObject && !referenceOf(value) ? Object.fromEntries(whole) : (whole[0]?.[1] ?? value)} />
      <Group gap="xs">
        {missing.map((each) => (
          <Button key={each.id} size="compact-xs" variant="default" loading={fetchOne.isPending} onClick={() => fetchOne.mutate(each.id)}>
            {t("runs.loadWhole", { name: each.name, size: formatBytes(each.size_bytes) })}
          </Button>
        ))}
      </Group>
    </Stack>
  );
}
