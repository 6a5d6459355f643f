/** The tools of a workspace and what they may reach; a tool opens beside the list, and the address says which. */
import { Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import { Page } from "@/shared/ui/Page";
import { Network } from "./Network";
import { ToolDrawer } from "./ToolDrawer";
import { ToolList } from "./ToolList";

const TABS = ["list", "network"] as const;

export function ToolsPage() {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const { toolName } = useParams();
  const [params] = useSearchParams();
  const tab = params.get("tab") === "network" ? "network" : "list";
  return (
    <Page title={t("common.rooms.tools")} description={t("tools.text")}>
      <Tabs value={tab} onChange={(value) => void navigate(route(value === "network" ? "tools?tab=network" : "tools"))} keepMounted={false}>
        <Tabs.List mb="lg">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`tools.tabs.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="list">
          <ToolList />
        </Tabs.Panel>
        <Tabs.Panel value="network">
          <Network />
        </Tabs.Panel>
      </Tabs>
      <ToolDrawer name={toolName ?? null} />
    </Page>
  );
}
