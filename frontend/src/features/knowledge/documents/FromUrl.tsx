/** Documents from the web: one page, or the pages that a sitemap lists. */
import { Alert, Button, Group, Modal, NumberInput, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import type { UrlImport } from "@/shared/api/knowledgeTypes";
import { ErrorState } from "@/shared/ui/states";
import { useRefreshDataset } from "../queries";

const KINDS = ["page", "sitemap"] as const;

export function FromUrl({ datasetId, opened, onClose }: { datasetId: string; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t("knowledge.fromUrl")}>
      <FromUrlForm datasetId={datasetId} onClose={onClose} />
    </Modal>
  );
}

function FromUrlForm({ datasetId, onClose }: { datasetId: string; onClose: () => void }) {
  const { t } = useTranslation();
  const refresh = useRefreshDataset(datasetId);
  const form = useForm({ initialValues: { kind: "page" as (typeof KINDS)[number], url: "", limit: 50 as number | string } });
  const fetching = useMutation({
    mutationFn: ({ kind, url, limit }: typeof form.values) =>
      api.post<UrlImport>(`/datasets/${datasetId}/documents/from-url`, kind === "page" ? { url, kind } : { url, kind, limit: Number(limit) || 50 }),
    onSuccess: ({ refused }) => {
      if (refused.length === 0) onClose();
      return refresh();
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  const { kind } = form.values;
  return (
    <form onSubmit={form.onSubmit((values) => fetching.mutate(values))}>
      <Stack>
        <SegmentedControl fullWidth aria-label={t("knowledge.urlKind")} data={KINDS.map((value) => ({ value, label: t(`knowledge.urlKinds.${value}`) }))} value={kind} onChange={(value) => form.setFieldValue("kind", value)} />
        <TextInput
          label={t("knowledge.address")}
          description={t(kind === "page" ? "knowledge.pageHint" : "knowledge.sitemapHint")}
          placeholder={kind === "page" ? "https://example.org/handbook" : "https://example.org/sitemap.xml"}
          type="url"
          required
          data-autofocus
          {...form.getInputProps("url")}
        />
        {kind === "sitemap" && <NumberInput label={t("knowledge.mostPages")} min={1} max={1000} allowDecimal={false} w={160} {...form.getInputProps("limit")} />}
        {fetching.isError && <ErrorState error={fetching.error} />}
        {fetching.data && fetching.data.refused.length > 0 && (
          <Alert color="yellow" variant="light" title={t("knowledge.refused", { count: fetching.data.refused.length, done: fetching.data.documents.length })}>
            <Stack gap={4} mah={180} style={{ overflowY: "auto" }}>
              {fetching.data.refused.map(({ url, reason }) => (
                <Text key={url} size="xs" style={{ overflowWrap: "anywhere" }}>
                  {url}: {reason}
                </Text>
              ))}
            </Stack>
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t(fetching.data ? "common.done" : "common.cancel")}
          </Button>
          <Button type="submit" loading={fetching.isPending}>
            {t("knowledge.fetch")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
