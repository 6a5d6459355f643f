/** What is open beside the canvas; opened by keys, buttons and links alike. */
import { create } from "zustand";

export type BuilderPanel = "search" | "help" | "run" | "connect" | "problems" | "variables" | "features" | "layout";

interface Panels {
  open: BuilderPanel | null;
  set: (panel: BuilderPanel | null) => void;
}

export const usePanels = create<Panels>((set) => ({ open: null, set: (open) => set({ open }) }));
export const openBuilderPanel = (panel: BuilderPanel): void => usePanels.getState().set(panel);
export const closeBuilderPanel = (): void => usePanels.getState().set(null);
