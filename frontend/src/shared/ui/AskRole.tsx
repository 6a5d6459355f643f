/** Says that a role is missing, and who in this workspace has it. */
import { Alert, Text } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "@/shared/api/client";
import type { Member, Page, Role } from "@/shared/api/types";
import { useWorkspace } from "@/shared/api/workspace";

const RANKS: Record<Role, number> = { viewer: 0, editor: 1, admin: 2, owner: 3 };
const SHOWN = 3;

interface AskRoleProps {
  /** The least role that may do it. */
  role: Exclude<Role, "viewer">;
  /** What cannot be done without it. */
  what: string;
}

export function AskRole({ role, what }: AskRoleProps) {
  const { t } = useTranslation();
  const own = useWorkspace().role;
  const members = useQuery({
    queryKey: ["members"],
    queryFn: () => api.get<Page<Member>>("/members", { limit: 100 }),
    select: (page) => page.results,
    staleTime: 60_000,
  });
  const able = (members.data ?? []).filter((member) => RANKS[member.role] >= RANKS[role]);
  const names = able.slice(0, SHOWN).map((member) => `${member.user.name || member.user.email} (${t(`settings.roles.${member.role}`)})`);
  return (
    <Alert variant="light" color="gray" icon={<IconLock size={18} />} title={what} role="note">
      <Text size="sm">
        {t("common.askRole", { role: t(`settings.roles.${role}`), own: t(`settings.roles.${own}`) })}
        {names.length > 0 && ` ${t("common.askThem", { names: names.join(", ") })}`}
      </Text>
    </Alert>
  );
}
