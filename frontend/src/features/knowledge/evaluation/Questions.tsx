/** Every question with the rank of its first right passage, per setting; what was missed stands first. */
import { Anchor, Badge, Group, Stack, Switch, Table, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { SettingResult } from "@/shared/api/retrievalTypes";
import { encodeSettings } from "../retrieval/request";
import { useAddress } from "../useAddress";
import { questionRows } from "./measures";

interface QuestionsProps {
  dataset: Dataset;
  results: SettingResult[];
  chosen: number;
}

export function Questions({ dataset, results, chosen }: QuestionsProps) {
  const { t } = useTranslation();
  const { put } = useAddress();
  const [onlyMissed, setOnlyMissed] = useState(false);
  const all = questionRows(results, chosen);
  const missed = all.filter((row) => row.ranks[chosen] == null);
  const rows = onlyMissed ? missed : all;
  const setting = results[chosen];
  return (
    <Stack gap="xs" component="section" aria-label={t("knowledge.perQuestion")}>
      <Group justify="space-between">
        <Text fw={600}>{t("knowledge.missedOf", { name: setting?.name ?? "", missed: missed.length, total: all.length })}</Text>
        <Switch label={t("knowledge.onlyMissed")} checked={onlyMissed} onChange={(event) => setOnlyMissed(event.currentTarget.checked)} />
      </Group>
      <Table.ScrollContainer minWidth={420}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("knowledge.query")}</Table.Th>
              {results.map((result, index) => (
                <Table.Th key={result.name} ta="right" c={index === chosen ? "var(--accent-text)" : undefined}>
                  {result.name}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.id}>
                <Table.Td style={{ overflowWrap: "anywhere" }}>
                  <Anchor
                    component="button"
                    type="button"
                    size="sm"
                    c="inherit"
                    ta="left"
                    title={t("knowledge.tryQuestion")}
                    onClick={() => setting && put({ tab: "retrieval", q: row.question, s: encodeSettings({ ...dataset.retrieval, ...setting.settings }, dataset.retrieval), f: null, h: null }, true)}
                  >
                    {row.question}
                  </Anchor>
                </Table.Td>
                {row.ranks.map((rank, index) => (
                  <Table.Td key={index} ta="right">
                    {rank === null ? <Badge color="red">{t("knowledge.missed")}</Badge> : rank}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {rows.length === 0 && <Text c="dimmed">{t("knowledge.nothingMissed")}</Text>}
    </Stack>
  );
}
