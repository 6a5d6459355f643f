/** Whether the palette and the list of keys are open, and what was chosen lately. */
import { create } from "zustand";
import { persist } from "zustand/middleware";

const KEPT = 6;

interface PaletteState {
  open: "palette" | "keys" | null;
  recent: string[];
  show: (what: "palette" | "keys" | null) => void;
  remember: (id: string) => void;
}

export const usePalette = create<PaletteState>()(
  persist(
    (set) => ({
      open: null,
      recent: [],
      show: (open) => set({ open }),
      remember: (id) => set((state) => ({ recent: [id, ...state.recent.filter((each) => each !== id)].slice(0, KEPT) })),
    }),
    { name: "atelier-palette", partialize: ({ recent }) => ({ recent }) },
  ),
);
