/** The page that is visited: what it offers, and the way to ask it. */
import { createContext, useContext } from "react";
import type { SiteOffer } from "@/shared/site/types";
import type { SiteApi } from "./api";

export interface Visit {
  api: SiteApi;
  offer: SiteOffer;
  embedded: boolean;
}

export const VisitContext = createContext<Visit | null>(null);

export function useVisit(): Visit {
  const visit = useContext(VisitContext);
  if (!visit) throw new Error("useVisit needs a page that is open");
  return visit;
}
