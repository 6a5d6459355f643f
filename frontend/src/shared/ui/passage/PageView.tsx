/** A page as it is printed, with the rectangles of a passage marked; zoomed, and leafed through where that is offered. */
import { ActionIcon, Box, Group, Skeleton, Text, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconZoomIn, IconZoomOut } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Area } from "@/shared/api/retrievalTypes";
import { ErrorState } from "@/shared/ui/states";
import { usePageImage, widthFor, ZOOMS, type PageImage, type PageSource } from "./pageImage";
import classes from "./passage.module.css";

/** Of the frame's height: where the passage comes to lie. */
const FROM_TOP = 0.25;
/** Of the page's width: how far a mark reaches over its words. */
const PAD = 0.004;
const SKELETON_HEIGHT = 420;

interface PageViewProps {
  source: PageSource;
  page: number;
  /** How many there are, where they can be leafed through. */
  pages?: number | null;
  areas: Area[];
  onPage?: (page: number) => void;
}

export function PageView({ source, page, pages = null, areas, onPage }: PageViewProps) {
  const { t } = useTranslation();
  const [step, setStep] = useState(0);
  const zoom = ZOOMS[step] ?? 1;
  const image = usePageImage(source, widthFor(zoom, window.innerWidth));
  return (
    <Box>
      <Group gap={4} mb={6} wrap="nowrap">
        {onPage && (
          <Tooltip label={t("passage.previous")}>
            <ActionIcon variant="subtle" disabled={page <= 1} aria-label={t("passage.previous")} onClick={() => onPage(page - 1)}>
              <IconChevronLeft size={16} />
            </ActionIcon>
          </Tooltip>
        )}
        <Text size="sm" className="numbers" aria-live="polite">
          {pages ? t("passage.pageOf", { page, pages }) : t("passage.page", { page })}
        </Text>
        {onPage && (
          <Tooltip label={t("passage.next")}>
            <ActionIcon variant="subtle" disabled={pages !== null && page >= pages} aria-label={t("passage.next")} onClick={() => onPage(page + 1)}>
              <IconChevronRight size={16} />
            </ActionIcon>
          </Tooltip>
        )}
        <Box flex={1} />
        <Tooltip label={t("passage.smaller")}>
          <ActionIcon variant="subtle" disabled={step === 0} aria-label={t("passage.smaller")} onClick={() => setStep(step - 1)}>
            <IconZoomOut size={16} />
          </ActionIcon>
        </Tooltip>
        <Text size="xs" c="dimmed" className="numbers" w={40} ta="center">
          {Math.round(zoom * 100)} %
        </Text>
        <Tooltip label={t("passage.larger")}>
          <ActionIcon variant="subtle" disabled={step === ZOOMS.length - 1} aria-label={t("passage.larger")} onClick={() => setStep(step + 1)}>
            <IconZoomIn size={16} />
          </ActionIcon>
        </Tooltip>
      </Group>
      {image.data && <Sheet image={image.data} zoom={zoom} page={page} areas={areas} />}
      {image.isPending && <Skeleton height={SKELETON_HEIGHT} role="status" aria-label={t("common.loading")} />}
      {image.isError && <ErrorState error={image.error} onRetry={() => void image.refetch()} />}
    </Box>
  );
}

interface SheetProps {
  image: PageImage;
  zoom: number;
  page: number;
  areas: Area[];
}

function Sheet({ image, zoom, page, areas }: SheetProps) {
  const { t } = useTranslation();
  const frame = useRef<HTMLDivElement>(null);
  const picture = useRef<SVGImageElement>(null);
  const { blob, width, height } = image;
  const pad = PAD * width;
  const top = areas[0]?.y0 ?? 0;
  const left = areas[0]?.x0 ?? 0;
  useEffect(() => {
    const url = URL.createObjectURL(blob);
    picture.current?.setAttribute("href", url);
    return () => URL.revokeObjectURL(url);
  }, [blob]);
  useEffect(() => {
    const box = frame.current;
    if (!box) return;
    box.scrollTop = top * box.scrollHeight - FROM_TOP * box.clientHeight;
    box.scrollLeft = left * box.scrollWidth - FROM_TOP * box.clientWidth;
  }, [top, left, page, zoom]);
  const label = areas.length > 0 ? t("passage.pageMarked", { page }) : t("passage.page", { page });
  return (
    <div ref={frame} className={classes.frame} tabIndex={0} role="region" aria-label={t("passage.page", { page })}>
      <svg viewBox={`0 0 ${width} ${height}`} style={{ width: `${zoom * 100}%` }} className={classes.sheet} role="img" aria-label={label}>
        <image ref={picture} width={width} height={height} />
        {areas.map((area, index) => (
          <rect
            key={index}
            x={area.x0 * width - pad}
            y={area.y0 * height - pad}
            width={(area.x1 - area.x0) * width + 2 * pad}
            height={(area.y1 - area.y0) * height + 2 * pad}
            rx={pad}
            className={classes.marked}
            data-testid="passage-mark"
          />
        ))}
      </svg>
    </div>
  );
}
