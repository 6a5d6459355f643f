/** The measures of each setting, the best of every column marked; a row opens its questions. */
import { Anchor, Table, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { SettingResult } from "@/shared/api/retrievalTypes";
import classes from "../knowledge.module.css";
import { isBest, MEASURES, valueOf, written } from "./measures";

interface MeasuresTableProps {
  results: SettingResult[];
  chosen: number;
  onChoose: (index: number) => void;
}

export function MeasuresTable({ results, chosen, onChoose }: MeasuresTableProps) {
  const { t } = useTranslation();
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table horizontalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("knowledge.setting")}</Table.Th>
            {MEASURES.map((measure) => (
              <Table.Th key={measure} ta="right" title={t(`knowledge.measureHints.${measure}`)}>
                {t(`knowledge.measures.${measure}`)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {results.map((result, index) => (
            <Table.Tr key={result.name} bg={index === chosen ? "var(--accent-wash)" : undefined} onClick={() => onChoose(index)} style={{ cursor: "pointer" }}>
              <Table.Td maw={260}>
                <Anchor
                  component="button"
                  type="button"
                  size="sm"
                  fw={500}
                  c="inherit"
                  aria-expanded={index === chosen}
                  onClick={(event) => {
                    event.stopPropagation();
                    onChoose(index);
                  }}
                >
                  {result.name}
                </Anchor>
              </Table.Td>
              {MEASURES.map((measure) => {
                const best = isBest(results, measure, result);
                return (
                  <Table.Td key={measure} ta="right">
                    <Text size="sm" component="span" fw={best ? 600 : undefined} className={best ? classes.best : undefined} title={best ? t("knowledge.best") : undefined}>
                      {written(measure, valueOf(result, measure))}
                    </Text>
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
