/** Every address of the page; features are loaded when they are visited, routes compose them. */
import { createBrowserRouter, Navigate, Outlet } from "react-router";
import { NotFound, RouteError } from "./RouteError";
import { Entrance } from "./Entrance";
import { RequireWorkspace } from "./RequireWorkspace";
import { Shell } from "./shell/Shell";

const analyticsPage = async () => ({ Component: (await import("@/features/analytics/AnalyticsPage")).AnalyticsPage });
const runsPage = async () => ({ Component: (await import("@/features/runs/RunsPage")).RunsPage });

export const router = createBrowserRouter([
  {
    errorElement: <RouteError />,
    HydrateFallback: () => null,
    children: [
      { path: "/", element: <Entrance /> },
      { path: "/setup", lazy: async () => ({ Component: (await import("@/features/setup/SetupPage")).SetupPage }) },
      { path: "/login", lazy: async () => ({ Component: (await import("@/features/session/LoginPage")).LoginPage }) },
      { path: "/invite/:token?", lazy: async () => ({ Component: (await import("@/features/session/InvitePage")).InvitePage }) },
      {
        path: "/w/:workspaceId",
        element: (
          <RequireWorkspace>
            <Shell />
          </RequireWorkspace>
        ),
        children: [
          {
            element: <Outlet />,
            errorElement: <RouteError />,
            children: [
              { index: true, element: <Navigate to="home" replace /> },
              { path: "home", lazy: async () => ({ Component: (await import("@/features/home/HomePage")).HomePage }) },
              { path: "apps", lazy: async () => ({ Component: (await import("@/features/apps/AppsPage")).AppsPage }) },
              {
                path: "apps/:appId",
                lazy: async () => ({ Component: (await import("@/features/apps/AppLayout")).AppLayout }),
                children: [
                  { index: true, element: <Navigate to="build" replace /> },
                  { path: "build", lazy: async () => ({ Component: (await import("./AppBuild")).AppBuild }) },
                  { path: "api", lazy: async () => ({ Component: (await import("@/features/apps/ApiPage")).ApiPage }) },
                  { path: "batches/:batchId?", lazy: async () => ({ Component: (await import("@/features/batches/BatchesPage")).BatchesPage }) },
                  { path: "runs/:runId?", lazy: runsPage },
                  { path: "analytics", lazy: analyticsPage },
                  { path: "annotations", lazy: async () => ({ Component: (await import("@/features/annotations/AnnotationsPage")).AnnotationsPage }) },
                  { path: "evaluate", lazy: async () => ({ Component: (await import("@/features/evaluations/EvaluatePage")).EvaluatePage }) },
                  { path: "publish", lazy: async () => ({ Component: (await import("@/features/apps/SitePage")).SitePage }) },
                  { path: "versions", lazy: async () => ({ Component: (await import("@/features/apps/VersionsPage")).VersionsPage }) },
                  { path: "settings", lazy: async () => ({ Component: (await import("@/features/apps/AppSettingsPage")).AppSettingsPage }) },
                ],
              },
              { path: "knowledge", lazy: async () => ({ Component: (await import("@/features/knowledge/DatasetsPage")).DatasetsPage }) },
              { path: "knowledge/:datasetId", lazy: async () => ({ Component: (await import("@/features/knowledge/DatasetPage")).DatasetPage }) },
              { path: "prompts/:promptId?", lazy: async () => ({ Component: (await import("@/features/prompts/PromptsPage")).PromptsPage }) },
              {
                path: "models",
                lazy: async () => ({ Component: (await import("@/features/models/ModelsPage")).ModelsPage }),
                children: [
                  { index: true, lazy: async () => ({ Component: (await import("@/features/models/InstalledPage")).InstalledPage }) },
                  { path: "providers", lazy: async () => ({ Component: (await import("@/features/models/ProvidersPage")).ProvidersPage }) },
                  { path: "quantize", lazy: async () => ({ Component: (await import("@/features/quantize/QuantizePage")).QuantizePage }) },
                  { path: "playground", lazy: async () => ({ Component: (await import("@/features/models/PlaygroundPage")).PlaygroundPage }) },
                ],
              },
              { path: "tools/:toolName?", lazy: async () => ({ Component: (await import("@/features/tools/ToolsPage")).ToolsPage }) },
              { path: "runs/:runId?", lazy: runsPage },
              { path: "analytics", lazy: analyticsPage },
              { path: "settings/:section?", lazy: async () => ({ Component: (await import("./SettingsRoom")).SettingsRoom }) },
              { path: "evaluations/:section?/:id?", lazy: async () => ({ Component: (await import("@/features/evaluations/EvaluationsPage")).EvaluationsPage }) },
              { path: "*", element: <NotFound /> },
            ],
          },
        ],
      },
      { path: "*", element: <NotFound /> },
    ],
  },
]);
