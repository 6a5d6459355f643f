/** A small outline of a page with the places where a passage stands on it; a click shows the page itself. */
import { Tooltip, UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Area } from "@/shared/api/retrievalTypes";
import classes from "../knowledge.module.css";

const WIDTH = 64;
const HEIGHT = 90;

interface PageMapProps {
  areas: Area[];
  page: number;
  isOpen: boolean;
  onToggle: () => void;
}

export function PageMap({ areas, page, isOpen, onToggle }: PageMapProps) {
  const { t } = useTranslation();
  const label = t("knowledge.placeOnPage", { page });
  return (
    <Tooltip label={label}>
      <UnstyledButton onClick={onToggle} aria-expanded={isOpen} aria-label={label} className={classes.pageMap}>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden>
          <rect x={0.5} y={0.5} width={WIDTH - 1} height={HEIGHT - 1} rx={3} className={classes.pageOutline} />
          {areas.map((area, index) => (
            <rect
              key={index}
              x={area.x0 * WIDTH}
              y={area.y0 * HEIGHT}
              width={Math.max((area.x1 - area.x0) * WIDTH, 1)}
              height={Math.max((area.y1 - area.y0) * HEIGHT, 1.5)}
              rx={1}
              className={classes.pageArea}
            />
          ))}
        </svg>
      </UnstyledButton>
    </Tooltip>
  );
}
