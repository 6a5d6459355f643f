/** The keys that work on every page: ⌘K, `?`, and G followed by the letter of a room. */
import { useEffect } from "react";
import { useNavigate } from "react-router";
import { useRoute } from "@/shared/api/workspace";
import type { Room } from "../shell/rooms";
import { usePalette } from "./store";

const CHORD_MS = 1_200;
const WRITING = "input, textarea, select, [contenteditable=true], .cm-editor, [role=dialog], [role=listbox], [role=menu]";

export const ROOM_KEYS: readonly { key: string; room: Room["path"] }[] = [
  { key: "h", room: "home" },
  { key: "a", room: "apps" },
  { key: "k", room: "knowledge" },
  { key: "p", room: "prompts" },
  { key: "m", room: "models" },
  { key: "t", room: "tools" },
  { key: "r", room: "runs" },
  { key: "n", room: "analytics" },
  { key: "e", room: "evaluations" },
  { key: "s", room: "settings" },
];

export function useKeys(): void {
  const route = useRoute();
  const navigate = useNavigate();
  useEffect(() => {
    let armedUntil = 0;
    const { show } = usePalette.getState();
    // In the capture phase: the second letter of G A is not the builder's A.
    const onCapture = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey) && !event.shiftKey && !event.altKey) {
        event.preventDefault();
        event.stopPropagation();
        show(usePalette.getState().open === "palette" ? null : "palette");
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || (event.target instanceof Element && event.target.closest(WRITING))) return;
      const room = Date.now() < armedUntil ? ROOM_KEYS.find(({ key }) => key === event.key.toLowerCase())?.room : undefined;
      armedUntil = event.key.toLowerCase() === "g" ? Date.now() + CHORD_MS : 0;
      if (!room) return;
      event.preventDefault();
      event.stopPropagation();
      void navigate(route(room));
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "?" || event.defaultPrevented || (event.target instanceof Element && event.target.closest(WRITING))) return;
      event.preventDefault();
      show("keys");
    };
    window.addEventListener("keydown", onCapture, { capture: true });
    window.addEventListener("keydown", onKeyDown);
    return () => {
      window.removeEventListener("keydown", onCapture, { capture: true });
      window.removeEventListener("keydown", onKeyDown);
    };
  }, [navigate, route]);
}
