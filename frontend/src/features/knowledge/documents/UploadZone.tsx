/** Drop files here, choose them or name an address; each file shows its way to the server. */
import { ActionIcon, Button, Group, Paper, Progress, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconFileUpload, IconRefresh, IconWorld, IconX } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatBytes } from "@/shared/format/numbers";
import { errorText } from "@/shared/ui/errorText";
import classes from "../knowledge.module.css";
import { summaryOf, useUploads, type Upload } from "./uploads";

/** Rows at once; a folder of a thousand files must not make the page crawl. */
const SHOWN = 8;

export function UploadZone({ datasetId, onFromUrl }: { datasetId: string; onFromUrl: () => void }) {
  const { t } = useTranslation();
  const { uploads, add, retry, dismiss, clear } = useUploads(datasetId);
  const { shown, counts } = summaryOf(uploads, SHOWN);
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  return (
    <Stack gap="xs">
      <div
        className={classes.zone}
        data-over={over || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          add([...event.dataTransfer.files]);
        }}
      >
        <IconFileUpload size={22} stroke={1.6} aria-hidden />
        <Stack gap={0} flex={1} miw={180}>
          <Text fw={500}>{t("knowledge.drop")}</Text>
          <Text size="sm" c="dimmed">
            {t("knowledge.formats")}
          </Text>
        </Stack>
        <Group gap="xs">
          <Button variant="default" leftSection={<IconWorld size={16} />} onClick={onFromUrl}>
            {t("knowledge.fromUrl")}
          </Button>
          <Button onClick={() => input.current?.click()}>{t("knowledge.chooseFiles")}</Button>
        </Group>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label={t("knowledge.chooseFiles")}
          onChange={(event) => {
            add([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
      </div>
      {uploads.length > 1 && (
        <Group gap="xs" justify="space-between">
          <Text size="sm" c="dimmed" className="numbers" role="status">
            {t("knowledge.uploadSummary", counts)}
          </Text>
          {counts.open === 0 && (
            <Button size="compact-sm" variant="subtle" color="gray" onClick={clear}>
              {t("knowledge.hideAll")}
            </Button>
          )}
        </Group>
      )}
      {shown.length > 0 && (
        <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label={t("knowledge.uploads")}>
          {shown.map((upload) => (
            <UploadRow key={upload.key} upload={upload} onRetry={() => retry(upload.key)} onDismiss={() => dismiss(upload.key)} />
          ))}
        </Stack>
      )}
    </Stack>
  );
}

function UploadRow({ upload, onRetry, onDismiss }: { upload: Upload; onRetry: () => void; onDismiss: () => void }) {
  const { t } = useTranslation();
  const reason = upload.error ? errorText(t, upload.error) : null;
  return (
    <Paper component="li" px="sm" py={8}>
      <Group gap="sm" wrap="nowrap">
        {upload.state === "done" && !upload.wasThere && <IconCheck size={16} color="var(--accent-text)" aria-hidden />}
        {upload.state === "failed" && <IconAlertTriangle size={16} color="var(--mantine-color-red-6)" aria-hidden />}
        <Stack gap={2} flex={1} miw={0}>
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm" truncate>
              {upload.file.name}
            </Text>
            <Text size="xs" c="dimmed" className="numbers" style={{ flex: "none" }}>
              {formatBytes(upload.file.size)}
            </Text>
          </Group>
          {(upload.state === "sending" || upload.state === "waiting") && (
            <Progress value={upload.fraction * 100} size={4} aria-label={t("knowledge.uploading", { name: upload.file.name })} />
          )}
          {upload.wasThere && (
            <Text size="xs" c="dimmed">
              {t("knowledge.wasThere")}
            </Text>
          )}
          {reason && (
            <Text size="xs" c="var(--danger-text)" role="alert">
              {reason.title} {reason.detail}
            </Text>
          )}
        </Stack>
        {upload.state === "failed" && (
          <ActionIcon variant="subtle" color="gray" onClick={onRetry} aria-label={t("knowledge.retryUpload", { name: upload.file.name })}>
            <IconRefresh size={16} />
          </ActionIcon>
        )}
        {(upload.state === "failed" || upload.state === "done") && (
          <ActionIcon variant="subtle" color="gray" onClick={onDismiss} aria-label={t("knowledge.dismiss", { name: upload.file.name })}>
            <IconX size={16} />
          </ActionIcon>
        )}
      </Group>
    </Paper>
  );
}
