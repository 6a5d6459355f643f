/** The frame of all that concerns models: installed ones, providers, a playground, quantization. */
import { Tabs } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Navigate, Outlet, useLocation, useNavigate, useSearchParams } from "react-router";
import { useMay, useRoute } from "@/shared/api/workspace";
import { Page } from "@/shared/ui/Page";
import { MachineHint } from "./MachineHint";

const TABS = ["installed", "quantize", "providers", "playground"] as const;
type Tab = (typeof TABS)[number];

const addressOf = (tab: Tab) => (tab === "installed" ? "models" : `models/${tab}`);

export function ModelsPage() {
  const { t } = useTranslation();
  const may = useMay();
  const route = useRoute();
  const navigate = useNavigate();
  const { pathname, search } = useLocation();
  const [query] = useSearchParams();
  const current = TABS.find((tab) => pathname.endsWith(`/models/${tab}`)) ?? "installed";
  // Links from before there were tabs name the provider alone.
  if (current === "installed" && query.has("provider")) return <Navigate to={route("models/providers") + search} replace />;
  const shown = TABS.filter((tab) => tab !== "playground" || may.edit);
  return (
    <Page title={t("common.rooms.models")} description={t("models.description")}>
      <Tabs value={current} onChange={(tab) => tab && void navigate(route(addressOf(tab as Tab)))} mb="lg" keepMounted={false}>
        <Tabs.List style={{ flexWrap: "nowrap", overflowX: "auto" }}>
          {shown.map((tab) => (
            <Tabs.Tab key={tab} value={tab}>
              {t(`models.tabs.${tab}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      {(current === "installed" || current === "quantize") && <MachineHint />}
      <Outlet />
    </Page>
  );
}
