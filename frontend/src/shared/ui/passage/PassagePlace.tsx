/** A passage where it stands: marked on its printed page, or between the words before and after it. */
import { Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError, apiUrl, send } from "@/shared/api/client";
import type { Area } from "@/shared/api/retrievalTypes";
import { ErrorState, RowsSkeleton } from "@/shared/ui/states";
import type { PageSource } from "./pageImage";
import { PageView } from "./PageView";
import classes from "./passage.module.css";

export interface PassageAddress {
  datasetId: string;
  documentId: string;
  chunkId: string;
}

interface Place {
  document_name: string;
  format: string;
  page_count: number | null;
  has_pages: boolean;
  page: number | null;
  position: number;
  areas: Area[];
  before: string;
  text: string;
  answer: string;
  after: string;
}

const documentPath = ({ datasetId, documentId }: PassageAddress): string => `/datasets/${datasetId}/documents/${documentId}`;

interface PassagePlaceProps {
  address: PassageAddress;
  /** What was found, where it may differ from what stands there by now. */
  text?: string;
  /** The words of the passage beside its page: not where they stand there already. */
  withWords?: boolean;
}

export function PassagePlace({ address, text, withWords = true }: PassagePlaceProps) {
  const { t } = useTranslation();
  const place = useQuery({
    queryKey: ["chunk", address.chunkId, "place"],
    queryFn: () => api.get<Place>(`${documentPath(address)}/chunks/${address.chunkId}/place`),
    retry: false,
  });
  if (place.isPending) return <RowsSkeleton rows={1} height={320} />;
  if (place.isError) {
    const isGone = place.error instanceof ApiError && place.error.status === 404;
    return (
      <Stack gap="sm">
        {isGone ? (
          <Text size="sm" c="dimmed">
            {t("passage.gone")}
          </Text>
        ) : (
          <ErrorState error={place.error} onRetry={() => void place.refetch()} />
        )}
        {text && <Words text={text} />}
      </Stack>
    );
  }
  const { has_pages, page, page_count, areas, before, after } = place.data;
  const words = text ?? [place.data.text, place.data.answer].filter(Boolean).join("\n");
  if (!has_pages || page === null) return <Words text={words} before={before} after={after} />;
  return (
    <Stack gap="sm">
      <Pages key={address.chunkId} address={address} page={page} pages={page_count} areas={areas} />
      {withWords && <Words text={words} />}
    </Stack>
  );
}

interface PagesProps {
  address: PassageAddress;
  page: number;
  pages: number | null;
  areas: Area[];
}

function Pages({ address, page: own, pages, areas }: PagesProps) {
  const [page, setPage] = useState(own);
  const path = `${documentPath(address)}/pages/${page}`;
  const source: PageSource = { key: [path], load: async (width) => (await send("GET", apiUrl(path, { width }))).blob() };
  return <PageView source={source} page={page} pages={pages} areas={page === own ? areas : []} onPage={setPage} />;
}

function Words({ text, before = "", after = "" }: { text: string; before?: string; after?: string }) {
  return (
    <Text size="sm" component="div" className={classes.words}>
      {before && <span className={classes.around}>{before.trimStart()}{"\n\n"}</span>}
      <mark>{text}</mark>
      {after && <span className={classes.around}>{"\n\n"}{after.trimEnd()}</span>}
    </Text>
  );
}
