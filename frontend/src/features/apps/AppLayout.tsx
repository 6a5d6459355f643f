/** The frame of one app's pages: its name, its tabs, the state of its draft and the way to publish it. */
import { Badge, Box, Group, Skeleton, Tabs, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Outlet, useLocation, useNavigate, useParams } from "react-router";
import { api } from "@/shared/api/client";
import { useApp } from "@/shared/api/queries";
import type { App } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { DraftProvider, type SavedDraft } from "@/shared/draft/DraftContext";
import { ModeIcon } from "@/shared/ui/modes";
import { useDocumentTitle } from "@/shared/ui/Page";
import { Loaded } from "@/shared/ui/states";
import classes from "./apps.module.css";
import { PublishBar } from "./PublishBar";

const TABS = ["build", "api", "batches", "runs", "analytics", "annotations", "evaluate", "publish", "versions", "settings"] as const;

export function AppLayout() {
  const { appId = "" } = useParams();
  const app = useApp(appId);
  const draft = useQuery({
    queryKey: ["draft", appId],
    queryFn: () => api.get<SavedDraft>(`/apps/${appId}/draft`),
    staleTime: Infinity,
    // The draft is read anew by each visit: what the page had is in its store, and old once that is gone.
    gcTime: 0,
  });
  useDocumentTitle(app.data?.name ?? "");
  return (
    <Loaded query={app} skeleton={<LayoutSkeleton />}>
      {(loaded) => (
        <Loaded query={draft} skeleton={<LayoutSkeleton />}>
          {(initial) => (
            <DraftProvider key={appId} app={loaded} initial={initial}>
              <AppFrame app={loaded} />
            </DraftProvider>
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

function AppFrame({ app }: { app: App }) {
  const { t } = useTranslation();
  const route = useRoute();
  const navigate = useNavigate();
  const tab = useLocation().pathname.split("/")[5] ?? "build";
  return (
    <div className={classes.frame}>
      <div className={classes.head}>
        <Group gap="sm" wrap="nowrap" miw={0}>
          <ModeIcon mode={app.mode} size={28} />
          <Title order={2} lineClamp={1}>
            {app.name}
          </Title>
          <Badge color="gray" visibleFrom="sm" style={{ flex: "none" }}>
            {t(`apps.modes.${app.mode}`)}
          </Badge>
        </Group>
        <PublishBar app={app} />
      </div>
      <Tabs value={tab} onChange={(value) => value && void navigate(route(`apps/${app.id}/${value}`))} className={classes.tabs}>
        <Tabs.List>
          {/* A workflow is asked no question that an annotation could answer. */}
          {TABS.filter((each) => each !== "annotations" || app.mode !== "workflow").map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`apps.tabs.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      <Box className={classes.body} id="app-body">
        <Outlet />
      </Box>
    </div>
  );
}

function LayoutSkeleton() {
  return (
    <Box p="lg">
      <Skeleton height={28} width={240} mb="lg" />
      <Skeleton height={320} />
    </Box>
  );
}
