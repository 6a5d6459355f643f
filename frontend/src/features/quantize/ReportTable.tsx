/** The figures of a report, one row for each file; at the width of a phone the table scrolls inside its frame. */
import { Badge, Group, Table } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { formatBytes } from "@/shared/format/numbers";
import type { Report, ReportRow } from "./quantizations";
import classes from "./quantize.module.css";

const CELLS = [
  ["size", (row) => formatBytes(row.size_bytes)],
  ["bits", (row) => row.bits_per_weight.toFixed(2)],
  ["perplexity", (row) => `${row.perplexity.toFixed(2)} ± ${row.perplexity_error.toFixed(2)}`],
  ["kl", (row) => row.kl_mean.toFixed(4)],
  ["klP99", (row) => row.kl_p99.toFixed(3)],
  ["top1", (row) => `${(100 * row.top1_agreement).toFixed(1)} %`],
  // 0: not measured
  ["prefill", (row) => (row.prefill_tokens_s ? row.prefill_tokens_s.toFixed(0) : "–")],
  ["decode", (row) => (row.decode_tokens_s ? row.decode_tokens_s.toFixed(0) : "–")],
  ["memory", (row) => (row.memory_bytes ? formatBytes(row.memory_bytes) : "–")],
] as const satisfies [string, (row: ReportRow) => string][];

export function ReportTable({ report }: { report: Report }) {
  const { t } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={860}>
      <Table className="numbers" verticalSpacing={6} aria-label={t("quantize.report")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("quantize.column.type")}</Table.Th>
            {CELLS.map(([key]) => (
              <Table.Th key={key} ta="right" title={t(`quantize.columnHint.${key}`)}>
                {t(`quantize.column.${key}`)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {report.rows.map((row) => (
            <Table.Tr key={row.type} className={row.type === report.recommended ? classes.recommended : undefined}>
              <Table.Td>
                <Group gap={6} wrap="nowrap">
                  {row.type === "source" ? t("quantize.source") : row.type}
                  {row.type === report.recommended && (
                    <Badge size="xs" variant="filled">
                      {t("quantize.recommended")}
                    </Badge>
                  )}
                </Group>
              </Table.Td>
              {CELLS.map(([key, show]) => (
                <Table.Td key={key} ta="right" style={{ whiteSpace: "nowrap" }}>
                  {show(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
