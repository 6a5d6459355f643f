/** Where requests of the workspace may go: two lists, one switch, and a question to them. */
import { Button, Group, Paper, Stack, Switch, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, ApiError } from "@/shared/api/client";
import { useMay } from "@/shared/api/workspace";
import { AskRole } from "@/shared/ui/AskRole";
import { LeaveGuard } from "@/shared/ui/LeaveGuard";
import { notifyDone } from "@/shared/ui/notify";
import { ErrorState, Loaded } from "@/shared/ui/states";
import { PlaceList } from "./PlaceList";
import { useEgress } from "./queries";
import { ReachCheck } from "./ReachCheck";
import type { EgressRules } from "./types";

export function Network() {
  const { t } = useTranslation();
  const may = useMay();
  const rules = useEgress(may.administer);
  return (
    <Stack gap="lg" maw={820}>
      <Stack gap={4}>
        <Text>{t("tools.network.text")}</Text>
        <Text component="ul" size="sm" c="dimmed" m={0} pl="lg">
          {(["public", "private", "ports", "redirects"] as const).map((line) => (
            <li key={line}>{t(`tools.network.always.${line}`)}</li>
          ))}
        </Text>
      </Stack>
      {may.administer ? <Loaded query={rules}>{(stored) => <Rules stored={stored} />}</Loaded> : <AskRole role="admin" what={t("tools.network.needsRole")} />}
      {!may.administer && may.edit && (
        <Paper p="lg">
          <ReachCheck />
        </Paper>
      )}
    </Stack>
  );
}

const same = (one: EgressRules, other: EgressRules) => JSON.stringify([one.allow, one.deny, one.only_listed]) === JSON.stringify([other.allow, other.deny, other.only_listed]);

function Rules({ stored }: { stored: EgressRules }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [rules, setRules] = useState(stored);
  const dirty = !same(rules, stored);
  const save = useMutation({
    mutationFn: () => api.put<EgressRules>("/egress", rules),
    onSuccess: (kept) => {
      client.setQueryData(["egress"], kept);
      setRules(kept);
      notifyDone(t("tools.network.saved"));
    },
  });
  const fields = save.error instanceof ApiError ? save.error.fields : {};
  const change = (next: Partial<EgressRules>) => {
    save.reset();
    setRules({ ...rules, ...next });
  };
  return (
    <Stack gap="lg">
      <Paper p="lg">
        <Stack gap="lg">
          <PlaceList title={t("tools.network.allow")} text={t("tools.network.allowText")} empty={t("tools.network.allowEmpty")} places={rules.allow} errors={ofList(fields, "allow")} onChange={(allow) => change({ allow })} />
          <PlaceList title={t("tools.network.deny")} text={t("tools.network.denyText")} empty={t("tools.network.denyEmpty")} places={rules.deny} errors={ofList(fields, "deny")} onChange={(deny) => change({ deny })} />
          <Switch checked={rules.only_listed} onChange={(event) => change({ only_listed: event.currentTarget.checked })} label={t("tools.network.onlyListed")} description={t("tools.network.onlyListedText")} />
          {save.isError && <ErrorState error={save.error} />}
          <Group gap="xs">
            <Button onClick={() => save.mutate()} loading={save.isPending} disabled={!dirty}>
              {t("common.save")}
            </Button>
            {dirty && (
              <Button variant="default" onClick={() => setRules(stored)}>
                {t("tools.network.discard")}
              </Button>
            )}
          </Group>
        </Stack>
      </Paper>
      <Paper p="lg">
        <Title order={2} mb="xs">
          {t("tools.network.check")}
        </Title>
        <ReachCheck rules={dirty ? rules : undefined} />
      </Paper>
      {dirty && <LeaveGuard dirty />}
    </Stack>
  );
}

function ofList(fields: Record<string, string>, list: string): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).flatMap(([path, message]) => (path === list || path.startsWith(`${list}.`) ? [[path.slice(list.length + 1), message]] : [])));
}
