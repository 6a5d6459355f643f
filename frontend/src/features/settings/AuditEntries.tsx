/** Entries of the audit log: a table, and on a phone one below the other. */
import { Group, Stack, Table, Text, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import type { AuditEntry } from "@/shared/api/types";
import { RelativeTime, ShortId } from "@/shared/ui/bits";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function AuditEntries({ list }: { list: AuditEntry[] }) {
  const narrow = useMediaQuery("(max-width: 760px)", undefined, { getInitialValueInEffect: false });
  return narrow ? <Below list={list} /> : <Beside list={list} />;
}

function Beside({ list }: { list: AuditEntry[] }) {
  const { t } = useTranslation();
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("settings.when")}</Table.Th>
          <Table.Th>{t("settings.who")}</Table.Th>
          <Table.Th>{t("settings.action")}</Table.Th>
          <Table.Th>{t("settings.target")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {list.map((entry) => (
          <Table.Tr key={entry.id}>
            <Table.Td style={{ whiteSpace: "nowrap" }}>
              <RelativeTime at={entry.at} />
            </Table.Td>
            <Table.Td style={{ overflowWrap: "anywhere" }}>
              {entry.actor?.email ?? "–"}
              <From entry={entry} />
            </Table.Td>
            <Table.Td className="mono">{entry.action}</Table.Td>
            <Table.Td maw={260}>
              <What entry={entry} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Below({ list }: { list: AuditEntry[] }) {
  return (
    <Stack component="ul" gap="md" p={0} m={0} style={{ listStyle: "none" }}>
      {list.map((entry) => (
        <Stack component="li" key={entry.id} gap={2}>
          <Group justify="space-between" wrap="nowrap" gap="xs">
            <Text className="mono" style={{ overflowWrap: "anywhere" }}>
              {entry.action}
            </Text>
            <Text size="xs" c="dimmed" style={{ whiteSpace: "nowrap" }}>
              <RelativeTime at={entry.at} />
            </Text>
          </Group>
          <What entry={entry} />
          <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {entry.actor?.email ?? "–"}
          </Text>
          <From entry={entry} />
        </Stack>
      ))}
    </Stack>
  );
}

/** The address that it came from; the program, which is long, when one points at it. */
function From({ entry }: { entry: AuditEntry }) {
  if (!entry.address) return null;
  return (
    <Tooltip label={entry.user_agent} disabled={!entry.user_agent} multiline maw={360}>
      <Text size="xs" c="dimmed" className="mono" w="fit-content">
        {entry.address}
      </Text>
    </Tooltip>
  );
}

/** What it was in words, then its id, which people rarely need. */
function What({ entry }: { entry: AuditEntry }) {
  const words = Object.values(entry.detail)
    .filter((part) => typeof part !== "object")
    .join(" · ");
  return (
    <Group gap="xs" style={{ overflowWrap: "anywhere" }}>
      {words && <span>{words}</span>}
      {UUID.test(entry.target) ? <ShortId id={entry.target} /> : entry.target && <span>{entry.target}</span>}
    </Group>
  );
}
