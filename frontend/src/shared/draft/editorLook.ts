/** How the prompt editors look: the page's own colours, in light and dark. */
import { EditorView } from "@codemirror/view";

export const editorLook = EditorView.theme({
  "&": { fontSize: "13px", backgroundColor: "transparent", color: "var(--mantine-color-text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.6", overflow: "auto" },
  ".cm-content": { padding: "12px", caretColor: "var(--mantine-color-text)" },
  ".cm-line": { padding: "0" },
  ".cm-placeholder": { color: "var(--mantine-color-placeholder)" },
  ".cm-variable, .cm-context": { color: "var(--accent-text)", backgroundColor: "var(--accent-wash)", borderRadius: "4px", fontWeight: "500" },
  ".cm-unknown": { textDecoration: "underline wavy var(--mantine-color-red-6)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-wash)" },
  ".cm-tooltip": { border: "1px solid var(--mantine-color-default-border)", borderRadius: "8px", backgroundColor: "var(--surface)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mantine-font-family-monospace)", maxHeight: "220px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "4px 10px", lineHeight: "1.5" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--accent-wash)", color: "var(--accent-text)" },
  ".cm-completionDetail": { fontStyle: "normal", marginLeft: "12px", color: "var(--mantine-color-dimmed)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
});

/** A diff shows what was taken out on red, what came in on green; both also by their marks. */
export const diffLook = EditorView.theme({
  ".cm-deletedChunk": { backgroundColor: "color-mix(in srgb, var(--mantine-color-red-6) 10%, transparent)", padding: "0 12px", marginInline: "-12px" },
  ".cm-deletedLine, .cm-deletedLine del": { background: "none", textDecoration: "none" },
  ".cm-deletedChunk .cm-deletedText": { background: "color-mix(in srgb, var(--mantine-color-red-6) 26%, transparent)" },
  "&.cm-merge-b .cm-changedLine, .cm-changedLine": {
    backgroundColor: "color-mix(in srgb, var(--mantine-color-accent-6) 10%, transparent)",
    padding: "0 12px",
    marginInline: "-12px",
  },
  "&.cm-merge-b .cm-changedText, .cm-changedText": { background: "color-mix(in srgb, var(--mantine-color-accent-6) 28%, transparent)" },
  ".cm-changeGutter": { width: "3px", paddingLeft: "0" },
  ".cm-changedLineGutter": { background: "var(--accent-text)" },
  ".cm-deletedLineGutter": { background: "var(--mantine-color-red-6)" },
  ".cm-gutters": { backgroundColor: "transparent", border: "0" },
  ".cm-collapsedLines": { color: "var(--mantine-color-dimmed)", background: "var(--surface-hover)", fontFamily: "var(--mantine-font-family)", fontSize: "12px" },
});
