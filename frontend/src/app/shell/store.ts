/** What the shell remembers between visits: whether the rail is folded. */
import { create } from "zustand";
import { persist } from "zustand/middleware";

interface ShellState {
  railFolded: boolean;
  toggleRail: () => void;
}

export const useShellStore = create<ShellState>()(
  persist((set) => ({ railFolded: false, toggleRail: () => set((state) => ({ railFolded: !state.railFolded })) }), {
    name: "atelier-shell",
  }),
);
