/** The breadcrumb of an address, with the names of the app or dataset it leads through. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useLocation } from "react-router";
import { api } from "@/shared/api/client";
import type { Dataset } from "@/shared/api/knowledgeTypes";
import type { App } from "@/shared/api/types";
import { useRoute } from "@/shared/api/workspace";
import { ROOMS } from "./rooms";

export interface Crumb {
  label: string;
  to: string;
}

export function useCrumbs(): Crumb[] {
  const { t } = useTranslation();
  const route = useRoute();
  const [roomPath = "", id = ""] = useLocation().pathname.split("/").slice(3);
  const appId = roomPath === "apps" ? id : "";
  const datasetId = roomPath === "knowledge" ? id : "";
  const app = useQuery({ queryKey: ["app", appId], queryFn: () => api.get<App>(`/apps/${appId}`), enabled: appId !== "" });
  const dataset = useQuery({
    queryKey: ["dataset", datasetId],
    queryFn: () => api.get<Dataset>(`/datasets/${datasetId}`),
    enabled: datasetId !== "",
  });
  const room = ROOMS.find((each) => each.path === roomPath);
  if (!room) return [];
  const crumbs = [{ label: t(`common.rooms.${room.path}`), to: route(room.path) }];
  const name = app.data?.name ?? dataset.data?.name ?? (roomPath === "runs" && id ? id.slice(0, 8) : null);
  return name ? [...crumbs, { label: name, to: route(`${room.path}/${id}`) }] : crumbs;
}
