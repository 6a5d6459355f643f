/** What a call of a tool gave: text as a model reads it, values as a tree, images, files; a failure with what to do. */
import { Alert, Button, Image, Stack, Tabs, Text } from "@mantine/core";
import { IconAlertTriangle, IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { apiUrl, send } from "@/shared/api/client";
import { useMay, useRoute } from "@/shared/api/workspace";
import { formatBytes, formatDuration } from "@/shared/format/numbers";
import { JsonTree } from "@/shared/ui/JsonTree";
import { parsed } from "@/shared/tools/schema";
import type { Tried, TriedFile } from "./types";

export function TryResult({ tried }: { tried: Tried }) {
  const { t } = useTranslation();
  if (tried.error) return <Failure tried={tried} />;
  const images = tried.files.filter((file) => file.mime_type.startsWith("image/"));
  const others = tried.files.filter((file) => !images.includes(file));
  const tree = parsed(tried.output);
  const hasValues = Object.keys(tried.values).length > 0;
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed" className="numbers">
        {t("tools.try.took", { time: formatDuration(tried.elapsed_ms) })}
      </Text>
      <Tabs defaultValue={images.length > 0 ? "image" : "text"} keepMounted={false}>
        <Tabs.List mb="xs">
          <Tabs.Tab value="text">{t("tools.try.text")}</Tabs.Tab>
          {hasValues && <Tabs.Tab value="values">{t("tools.try.values")}</Tabs.Tab>}
          {images.length > 0 && <Tabs.Tab value="image">{t("tools.try.image")}</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="text">
          <JsonTree label={t("tools.try.textHint")} value={tree ?? tried.output} />
        </Tabs.Panel>
        <Tabs.Panel value="values">
          <JsonTree label={t("tools.try.valuesHint")} value={tried.values} openTo={2} />
        </Tabs.Panel>
        <Tabs.Panel value="image">
          <Stack>
            {images.map((file) => (
              <MadeImage key={file.id} file={file} />
            ))}
          </Stack>
        </Tabs.Panel>
      </Tabs>
      {others.map((file) => (
        <MadeFile key={file.id} file={file} />
      ))}
    </Stack>
  );
}

/** The bytes of a file as an address of this page: a request of the browser's own would not name the workspace. */
function useMade(file: TriedFile): string | null {
  const bytes = useQuery({
    queryKey: ["tools", "file", file.id],
    queryFn: async () => new Blob([await (await send("GET", apiUrl(`/files/${file.id}`))).arrayBuffer()], { type: file.mime_type }),
    staleTime: Infinity,
  });
  const address = useMemo(() => (bytes.data ? URL.createObjectURL(bytes.data) : null), [bytes.data]);
  useEffect(() => () => (address ? URL.revokeObjectURL(address) : undefined), [address]);
  return address;
}

/** An image shows nothing but itself: in an `img` neither scripts nor links of an SVG are alive. */
function MadeImage({ file }: { file: TriedFile }) {
  const { t } = useTranslation();
  const address = useMade(file);
  if (!address) return null;
  return (
    <Stack gap={6} align="flex-start">
      <Image src={address} alt={t("tools.try.imageAlt", { name: file.name })} radius="sm" bg="white" p="xs" style={{ border: "1px solid var(--hairline)" }} />
      <MadeFile file={file} />
    </Stack>
  );
}

function MadeFile({ file }: { file: TriedFile }) {
  const address = useMade(file);
  if (!address) return null;
  return (
    <Button component="a" href={address} download={file.name} size="xs" variant="default" leftSection={<IconDownload size={14} />}>
      {file.name} · {formatBytes(file.size_bytes)}
    </Button>
  );
}

function Failure({ tried }: { tried: Tried }) {
  const { t } = useTranslation();
  const route = useRoute();
  const may = useMay();
  const isRefused = /private network|never reaches|not among the places|is none of 80/.test(tried.output);
  const hint = isRefused ? (may.administer ? "network" : "networkAsk") : tried.error === "tool_retry" ? "retry" : "failed";
  return (
    <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle size={18} />} title={t("tools.try.failedTitle")}>
      <Stack gap={6} align="flex-start">
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {tried.output}
        </Text>
        <Text size="sm" c="dimmed">
          {t(`tools.try.hints.${hint}`)}
        </Text>
        {hint === "network" && (
          <Button component={Link} to={route("tools?tab=network")} size="xs" variant="default">
            {t("tools.tabs.network")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
