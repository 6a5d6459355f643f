/** How CodeMirror looks here: our fonts, our colours, chips for references. */
import { EditorView } from "@codemirror/view";

export const editorLook = EditorView.theme({
  "&": { fontSize: "12.5px", backgroundColor: "transparent", color: "var(--mantine-color-text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.6", maxHeight: "360px", overflow: "auto" },
  ".cm-content": { padding: "8px 10px", minHeight: "64px", caretColor: "var(--mantine-color-text)" },
  ".cm-line": { padding: "0" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--mantine-color-dimmed)", border: "0", fontSize: "11px" },
  ".cm-placeholder": { color: "var(--mantine-color-placeholder)" },
  ".cm-chip": { padding: "1px 6px", margin: "0 1px", fontSize: "11.5px", color: "var(--accent-text)", backgroundColor: "var(--accent-wash)", borderRadius: "4px", whiteSpace: "nowrap" },
  ".cm-lost": { color: "var(--mantine-color-red-6)", backgroundColor: "transparent", outline: "1px dashed var(--mantine-color-red-6)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-wash)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", border: "1px solid var(--mantine-color-default-border)", borderRadius: "8px", overflow: "hidden" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mantine-font-family)", maxHeight: "240px", minWidth: "240px" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "4px 10px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { color: "var(--mantine-color-text)", backgroundColor: "var(--surface-hover)" },
  ".cm-tooltip-autocomplete > ul > completion-section": { padding: "6px 10px 2px", border: "0", opacity: "1", color: "var(--mantine-color-dimmed)", fontSize: "11px" },
  ".cm-completionDetail": { float: "right", fontStyle: "normal", color: "var(--mantine-color-dimmed)", fontSize: "11px" },
});
