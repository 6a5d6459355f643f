/** Makes an app: blank, with a line on each kind, or of a template. */
import { Group, Modal, Radio, SegmentedControl, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate, useSearchParams } from "react-router";
import { api, ApiError } from "@/shared/api/client";
import type { App } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { FormButtons } from "@/shared/ui/FormButtons";
import { ModeIcon } from "@/shared/ui/modes";
import { ErrorState } from "@/shared/ui/states";
import { TemplateGallery } from "./TemplateGallery";

const MODES = ["chat", "agent", "completion", "chatflow", "workflow"] as const;
type Mode = (typeof MODES)[number];

/** Open while the address has `new`; `from` and `template` say with what it begins. */
export function CreateApp() {
  const { t } = useTranslation();
  const [search, setSearch] = useSearchParams();
  const from = search.get("from") === "template" || search.has("template") ? "template" : "blank";
  const onClose = () =>
    setSearch(
      (params) => {
        for (const name of ["new", "from", "template"]) params.delete(name);
        return params;
      },
      { replace: true },
    );
  const begin = (next: string) =>
    setSearch(
      (params) => {
        params.delete("template");
        if (next === "template") params.set("from", next);
        else params.delete("from");
        return params;
      },
      { replace: true },
    );
  return (
    <Modal opened={search.get("new") === "1"} onClose={onClose} title={t("apps.new")} size={from === "template" ? 940 : "lg"}>
      <Stack>
        <SegmentedControl
          aria-label={t("templates.start")}
          value={from}
          onChange={begin}
          data={[
            { value: "blank", label: t("templates.blank") },
            { value: "template", label: t("templates.fromTemplate") },
          ]}
        />
        {from === "template" ? <TemplateGallery /> : <CreateAppForm onClose={onClose} />}
      </Stack>
    </Modal>
  );
}

function CreateAppForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const client = useQueryClient();
  const form = useForm({ initialValues: { name: "", description: "", mode: "chat" as Mode } });
  const create = useMutation({
    mutationFn: (values: typeof form.values) => api.post<App>("/apps", values),
    onSuccess: async (app) => {
      await client.invalidateQueries({ queryKey: ["apps"] });
      await navigate(route(`apps/${app.id}/build`));
    },
    onError: (reason) => {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
      <Stack>
        {create.isError && <ErrorState error={create.error} />}
        <TextInput label={t("apps.name")} placeholder={t("apps.namePlaceholder")} required maxLength={200} data-autofocus {...form.getInputProps("name")} />
        <Radio.Group label={t("apps.mode")} {...form.getInputProps("mode")}>
          <Stack gap="xs" mt={4}>
            {MODES.map((mode) => (
              <Radio.Card key={mode} value={mode} p="sm" aria-label={t(`apps.modes.${mode}`)}>
                <Group wrap="nowrap" gap="sm">
                  <ModeIcon mode={mode} />
                  <Stack gap={0} flex={1}>
                    <Text fw={500}>{t(`apps.modes.${mode}`)}</Text>
                    <Text size="sm" c="dimmed">
                      {t(`apps.modeHints.${mode}`)}
                    </Text>
                  </Stack>
                  <Radio.Indicator />
                </Group>
              </Radio.Card>
            ))}
          </Stack>
        </Radio.Group>
        <Textarea label={t("apps.descriptionLabel")} autosize minRows={2} {...form.getInputProps("description")} />
        <FormButtons onClose={onClose} busy={create.isPending} label={t("common.create")} />
      </Stack>
    </form>
  );
}
