/** Size against perplexity, one bubble for each type, its area the speed: the best are low, left and large. */
import { Box } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { formatBytes } from "@/shared/format/numbers";
import { plotOf } from "./plotModel";
import type { Report } from "./quantizations";
import classes from "./quantize.module.css";

const HEIGHT = 320;
const MARGINS = { left: 54, right: 14, top: 14, bottom: 44 };

export function ReportPlot({ report }: { report: Report }) {
  const { t } = useTranslation();
  const { ref, width } = useElementSize();
  const box = { width: Math.max(width, 280), height: HEIGHT, ...MARGINS };
  const plot = plotOf(report.rows, box);
  const bottom = HEIGHT - MARGINS.bottom;
  const name = (type: string) => (type === "source" ? t("quantize.source") : type);
  return (
    <Box ref={ref} component="figure" m={0}>
      <svg width="100%" height={HEIGHT} viewBox={`0 0 ${box.width} ${HEIGHT}`} role="img" aria-label={t("quantize.plotLabel", { name: report.model })}>
        {plot.yTicks.map(({ at, value }) => (
          <g key={value}>
            <line x1={MARGINS.left} x2={box.width - MARGINS.right} y1={at} y2={at} className={classes.grid} />
            <text x={MARGINS.left - 8} y={at + 4} textAnchor="end" className={classes.tick}>
              {value}
            </text>
          </g>
        ))}
        {plot.xTicks.map(({ at, value }) => (
          <text key={value} x={at} y={bottom + 18} textAnchor="middle" className={classes.tick}>
            {Math.round(value / 1e6)}
          </text>
        ))}
        <line x1={MARGINS.left} x2={box.width - MARGINS.right} y1={bottom} y2={bottom} className={classes.axis} />
        <text x={box.width - MARGINS.right} y={HEIGHT - 6} textAnchor="end" className={classes.axisName}>
          {t("quantize.axisSize")}
        </text>
        <text x={14} y={MARGINS.top} textAnchor="end" transform={`rotate(-90 14 ${MARGINS.top})`} className={classes.axisName}>
          {t("quantize.axisPerplexity")}
        </text>
        {[...plot.bubbles].sort((one, other) => other.radius - one.radius).map(({ row, x, y, radius }) => (
          <circle key={row.type} cx={x} cy={y} r={radius} data-type={row.type} className={row.type === report.recommended ? classes.best : row.type === "source" ? classes.source : classes.bubble}>
            <title>{t("quantize.bubble", { type: name(row.type), size: formatBytes(row.size_bytes), perplexity: row.perplexity.toFixed(3), speed: row.decode_tokens_s ? Math.round(row.decode_tokens_s) : "–" })}</title>
          </circle>
        ))}
        {plot.bubbles.map(({ row, label }) => (
          <text key={row.type} x={label.x} y={label.y + 4} textAnchor={label.anchor} className={row.type === report.recommended ? classes.bestName : classes.name}>
            {name(row.type)}
          </text>
        ))}
      </svg>
      <figcaption className={classes.caption}>{t("quantize.plotCaption")}</figcaption>
    </Box>
  );
}
