/** What the page says and shows, beside a preview that follows every key. */
import { Button, ColorInput, Group, Paper, Select, SimpleGrid, Stack, Switch, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/shared/api/client";
import type { App } from "@/shared/api/types";
import { useMay, useWorkspace } from "@/shared/api/workspace";
import { useDraft, useGraphDraft } from "@/shared/draft/DraftContext";
import { isGraphMode } from "@/shared/api/types";
import { LANGUAGES } from "@/shared/i18n";
import type { Site, SiteLook } from "@/shared/site/types";
import { LeaveGuard } from "@/shared/ui/LeaveGuard";
import classes from "./site.module.css";
import { SitePicture } from "./SitePicture";
import { SitePreview } from "./SitePreview";

const SWATCHES = ["#0b6b63", "#1f5fa8", "#4f46b8", "#8250a5", "#b3386a", "#b4451f", "#8a5a00", "#2f6b2f", "#333b4a"];
const GROUNDS = ["#eaf6f4", "#e6effa", "#ecebfa", "#f4eafa", "#fae9f0", "#fbece6", "#faf1dc", "#e9f4e6", "#f1f3f6"];
const FIELDS = ["name", "description", "icon", "icon_color", "color", "opening_text", "footer", "privacy_url", "placeholder", "show_sources", "show_steps", "language", "visitor_runs_per_minute", "site_runs_per_minute"] as const;

type Values = Pick<Site, (typeof FIELDS)[number]>;

interface SiteFormProps {
  app: App;
  site: Site;
  onSave: (changes: Partial<Site>) => Promise<Site>;
}

export function SiteForm({ app, site, onSave }: SiteFormProps) {
  const { t } = useTranslation();
  const may = useMay();
  const workspace = useWorkspace();
  const promptOpening = useDraft((state) => state.draft.opening_statement);
  const graphOpening = useGraphDraft((state) => state.draft.features?.opening_statement);
  const opening = isGraphMode(app.mode) ? (typeof graphOpening === "string" ? graphOpening : "") : promptOpening;
  const form = useForm<Values>({ initialValues: Object.fromEntries(FIELDS.map((name) => [name, site[name]])) as unknown as Values });
  const dirty = form.isDirty();
  const save = async (values: Values) => {
    try {
      await onSave(values);
      form.resetDirty(values);
    } catch (reason) {
      if (reason instanceof ApiError) form.setErrors(reason.fields);
    }
  };
  const values = form.values;
  const picture = site.has_picture ? `/api/v1/apps/${app.id}/site/picture?workspace=${workspace.id}&at=${encodeURIComponent(site.updated_at ?? "")}` : null;
  const look: SiteLook = { ...values, name: values.name || app.name, description: values.description || app.description, icon: values.icon || app.icon || "", picture };
  const talks = app.mode !== "completion" && app.mode !== "workflow";
  return (
    <div className={classes.grid}>
      <LeaveGuard dirty={dirty} />
      <Paper p="lg" pb={0} component="form" onSubmit={form.onSubmit((changed) => void save(changed))}>
        <fieldset disabled={!may.edit} style={{ border: 0, margin: 0, padding: 0 }}>
          <Stack gap="md">
            <Title order={2}>{t("site.looks")}</Title>
            <Group align="flex-end" gap="sm">
              <SitePicture appId={app.id} look={look} />
              <TextInput label={t("site.icon")} placeholder="💬" maxLength={8} w={90} {...form.getInputProps("icon")} />
              <ColorInput label={t("site.iconColor")} withEyeDropper={false} format="hex" swatches={GROUNDS} swatchesPerRow={9} flex={1} miw={140} {...form.getInputProps("icon_color")} />
              <ColorInput label={t("site.color")} withEyeDropper={false} format="hex" swatches={SWATCHES} swatchesPerRow={9} flex={1} miw={140} {...form.getInputProps("color")} />
            </Group>
            <TextInput label={t("apps.name")} placeholder={app.name} maxLength={120} {...form.getInputProps("name")} />
            <TextInput label={t("apps.descriptionLabel")} placeholder={app.description} maxLength={500} {...form.getInputProps("description")} />
            <Textarea label={t("site.opening")} description={t("site.openingHint")} placeholder={opening} autosize minRows={2} maxRows={8} maxLength={10_000} {...form.getInputProps("opening_text")} />
            {talks && <TextInput label={t("site.placeholder")} placeholder={t("published.placeholder")} maxLength={120} {...form.getInputProps("placeholder")} />}
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <TextInput label={t("site.footer")} placeholder="© 2026 Example" maxLength={300} {...form.getInputProps("footer")} />
              <TextInput label={t("site.privacyUrl")} placeholder="https://example.com/privacy" maxLength={500} {...form.getInputProps("privacy_url")} />
            </SimpleGrid>
            <Select
              label={t("site.language")}
              description={t("site.languageHint")}
              allowDeselect={false}
              data={[{ value: "", label: t("site.languageAuto") }, ...LANGUAGES.map(({ code, name }) => ({ value: code, label: name }))]}
              {...form.getInputProps("language")}
            />
            <Title order={2} mt="sm">
              {t("site.shows")}
            </Title>
            <Switch label={t("site.showSources")} description={t("site.showSourcesHint")} {...form.getInputProps("show_sources", { type: "checkbox" })} />
            <Switch label={t("site.showSteps")} description={t("site.showStepsHint")} {...form.getInputProps("show_steps", { type: "checkbox" })} />
            <Title order={2} mt="sm">
              {t("site.limits")}
            </Title>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <TextInput type="number" min={1} max={1000} label={t("site.visitorLimit")} {...form.getInputProps("visitor_runs_per_minute")} />
              <TextInput type="number" min={1} max={10_000} label={t("site.siteLimit")} {...form.getInputProps("site_runs_per_minute")} />
            </SimpleGrid>
          </Stack>
          <div className={classes.bar}>
            {dirty && (
              <Button variant="default" onClick={() => form.reset()}>
                {t("site.discard")}
              </Button>
            )}
            <Button type="submit" disabled={!dirty || !may.edit} loading={form.submitting}>
              {t("common.save")}
            </Button>
          </div>
        </fieldset>
      </Paper>
      <div className={classes.sticky}>
        <Text size="sm" fw={500} mb={6}>
          {t("site.previewTitle")}
        </Text>
        <SitePreview look={look} opening={values.opening_text || opening} />
      </div>
    </div>
  );
}
