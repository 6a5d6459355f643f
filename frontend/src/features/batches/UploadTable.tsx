/** Where a table is dropped or chosen; what is wrong with it is said at once. */
import { FileButton, Group, Progress, Stack, Text, Button } from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { uploadFile } from "@/shared/api/upload";
import { useRoute } from "@/shared/api/workspace";
import { ErrorState } from "@/shared/ui/states";
import type { BatchDetail } from "./batchModel";
import classes from "./batches.module.css";

export function UploadTable({ appId }: { appId: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const route = useRoute();
  const [over, setOver] = useState(false);
  const [sent, setSent] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const upload = async (file: File | null | undefined) => {
    if (!file || sent !== null) return;
    setError(null);
    setSent(0);
    try {
      const { body } = await uploadFile<BatchDetail>(`/apps/${appId}/batches`, file, setSent);
      client.setQueryData(["batch", appId, body.id], body);
      void client.invalidateQueries({ queryKey: ["batches", appId] });
      void navigate(route(`apps/${appId}/batches/${body.id}`));
    } catch (reason) {
      setError(reason);
    } finally {
      setSent(null);
    }
  };
  const drag = (event: DragEvent, isOver: boolean) => {
    event.preventDefault();
    setOver(isOver);
  };
  return (
    <Stack gap="sm">
      <div
        className={classes.drop}
        data-over={over || undefined}
        onDragOver={(event) => drag(event, true)}
        onDragLeave={(event) => drag(event, false)}
        onDrop={(event) => {
          drag(event, false);
          void upload(event.dataTransfer.files[0]);
        }}
      >
        <Group justify="center" gap="sm">
          <IconFileUpload size={22} stroke={1.6} aria-hidden />
          <Text>{t("batches.drop")}</Text>
          <FileButton accept=".csv,.tsv,.txt,text/csv" onChange={(file) => void upload(file)} inputProps={{ "aria-label": t("batches.choose") }}>
            {(props) => (
              <Button {...props} loading={sent !== null}>
                {t("batches.choose")}
              </Button>
            )}
          </FileButton>
        </Group>
        <Text size="xs" c="dimmed" ta="center" mt={6}>
          {t("batches.limits")}
        </Text>
        {sent !== null && <Progress mt="sm" size={4} value={sent * 100} aria-label={t("batches.uploading")} />}
      </div>
      {error !== null && <ErrorState error={error} />}
    </Stack>
  );
}
