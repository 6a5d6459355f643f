/** The page of a cited passage, where it can be shown: nothing is asked before somebody wants to see it. */
import { Box, Button } from "@mantine/core";
import { IconFileText } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { PageSource } from "@/shared/ui/passage/pageImage";
import { PageView } from "@/shared/ui/passage/PageView";
import classes from "./published.module.css";
import { useVisit } from "./SiteContext";

export function CitedPage({ runId, position }: { runId: string; position: number }) {
  const { t } = useTranslation();
  const { api } = useVisit();
  const [shown, setShown] = useState(false);
  const place = useQuery({
    queryKey: ["cited-place", runId, position],
    queryFn: () => api.place(runId, position),
    retry: false,
  });
  // Withdrawn since, or a format without pages: the words above are all there is.
  if (!place.data?.has_page || place.data.page === null) return null;
  const { page, areas } = place.data;
  const source: PageSource = { key: [runId, position], load: (width) => api.page(runId, position, width) };
  return (
    <Box className={classes.citedPage}>
      {shown ? (
        <PageView source={source} page={page} areas={areas} />
      ) : (
        <Button size="compact-xs" variant="default" leftSection={<IconFileText size={14} />} onClick={() => setShown(true)}>
          {t("passage.show", { page })}
        </Button>
      )}
    </Box>
  );
}
