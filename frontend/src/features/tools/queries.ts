/** What the page of tools asks the server. */
import { useQuery } from "@tanstack/react-query";
import { api } from "@/shared/api/client";
import type { Page } from "@/shared/api/types";
import type { EgressRules, ToolInfo } from "./types";

export const useToolList = () =>
  useQuery({
    // Another key than the list of the builders, which is kept for ever: what was entered changes here.
    queryKey: ["tools", "state"],
    queryFn: () => api.get<Page<ToolInfo>>("/tools"),
    select: (page) => page.results,
  });

export const useEgress = (enabled: boolean) => useQuery({ queryKey: ["egress"], queryFn: () => api.get<EgressRules>("/egress"), enabled });
