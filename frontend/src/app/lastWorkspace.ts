/** Remembers which workspace this browser visited last. */

const STORAGE_KEY = "atelier-workspace";

export const lastWorkspace = {
  get: () => localStorage.getItem(STORAGE_KEY),
  set: (id: string) => localStorage.setItem(STORAGE_KEY, id),
};
