/** Answers that people wrote for this app: switching them on, trying a question, and the list of them. */
import { Button, Menu, SimpleGrid, Stack } from "@mantine/core";
import { IconDots, IconDownload, IconFileUpload, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { apiUrl } from "@/shared/api/client";
import { useApp } from "@/shared/api/queries";
import { useMay } from "@/shared/api/workspace";
import { AnnotationEditor } from "@/shared/annotations/AnnotationEditor";
import { NEW, type Writing } from "@/shared/annotations/annotations";
import { Page } from "@/shared/ui/Page";
import { saveFrom } from "@/shared/ui/saveFile";
import { Loaded } from "@/shared/ui/states";
import { AnnotationList } from "./AnnotationList";
import { Hits } from "./Hits";
import { ImportFile } from "./ImportFile";
import { useSettings } from "./queries";
import { Settings } from "./Settings";
import { TryQuestion } from "./TryQuestion";

export function AnnotationsPage() {
  const { appId = "" } = useParams();
  const { t } = useTranslation();
  const may = useMay();
  const app = useApp(appId);
  const settings = useSettings(appId);
  const [writing, setWriting] = useState<Writing | null>(null);
  const [importing, setImporting] = useState(false);
  const [hitsOf, setHitsOf] = useState<string | null>(null);
  return (
    <Page
      title={t("annotations.title")}
      description={t("annotations.text")}
      actions={
        <>
          <Menu position="bottom-end">
            <Menu.Target>
              <Button px={10} variant="default" aria-label={t("annotations.files")}>
                <IconDots size={16} />
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {may.edit && (
                <Menu.Item leftSection={<IconFileUpload size={16} />} onClick={() => setImporting(true)}>
                  {t("annotations.import")}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<IconDownload size={16} />} disabled={!settings.data?.total} onClick={() => void saveFrom(apiUrl(`/apps/${appId}/annotations/export`), `${app.data?.slug ?? "app"}-annotations.csv`)}>
                {t("annotations.export")}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          {may.edit && (
            <Button leftSection={<IconPlus size={16} />} onClick={() => setWriting(NEW)}>
              {t("annotations.add")}
            </Button>
          )}
        </>
      }
    >
      <Stack gap="lg">
        <Loaded query={settings}>
          {(loaded) => (
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
              <Settings appId={appId} settings={loaded} />
              <TryQuestion appId={appId} settings={loaded} onOpen={setHitsOf} />
            </SimpleGrid>
          )}
        </Loaded>
        <AnnotationList appId={appId} onEdit={setWriting} onHits={setHitsOf} onAdd={() => setWriting(NEW)} />
      </Stack>
      <AnnotationEditor appId={appId} writing={writing} title={writing?.id ? t("annotations.edit") : t("annotations.add")} onClose={() => setWriting(null)} />
      <ImportFile appId={appId} opened={importing} onClose={() => setImporting(false)} />
      <Hits appId={appId} annotationId={hitsOf} onClose={() => setHitsOf(null)} />
    </Page>
  );
}
