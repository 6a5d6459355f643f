/** Asks the canvas to offer nodes: behind a way out, inside an edge, or on a free place. */
import { createContext, useContext } from "react";
import type { GraphEdge, Point } from "../graph/model";

export interface Offer {
  /** Where the list opens, in pixels of the window. */
  at: Point;
  from?: { nodeId: string; handleId: string };
  /** Where the new node goes, in pixels of the window; behind `from` where it is not said. */
  place?: Point;
  edge?: GraphEdge;
}

export const OfferContext = createContext<(offer: Offer) => void>(() => undefined);
export const useOffer = () => useContext(OfferContext);
