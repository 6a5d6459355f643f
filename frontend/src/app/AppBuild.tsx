/** The build page of an app: sections for a prompt, a canvas for a graph; only the one that is needed is loaded. */
import { Loader } from "@mantine/core";
import { lazy, Suspense } from "react";
import { useParams } from "react-router";
import { useApp } from "@/shared/api/queries";
import { isGraphMode } from "@/shared/api/types";

const BuildPage = lazy(async () => ({ default: (await import("@/features/build/BuildPage")).BuildPage }));
const BuilderPage = lazy(async () => ({ default: (await import("@/features/workflow/BuilderPage")).BuilderPage }));

export function AppBuild() {
  const { appId = "" } = useParams();
  const app = useApp(appId);
  if (!app.data) return null;
  return <Suspense fallback={<Loader m="xl" size="sm" />}>{isGraphMode(app.data.mode) ? <BuilderPage /> : <BuildPage />}</Suspense>;
}
