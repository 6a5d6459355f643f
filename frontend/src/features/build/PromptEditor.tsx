/** CodeMirror for prompts: `{{variables}}` and `{{#context#}}` stand out, unknown ones are underlined. */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { Compartment, EditorState, RangeSetBuilder } from "@codemirror/state";
import { Decoration, EditorView, keymap, placeholder as placeholderOf, ViewPlugin, type DecorationSet, type ViewUpdate } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { isProvided, MARK } from "./promptSyntax";

interface PromptEditorProps {
  value: string;
  names: string[];
  label: string;
  placeholder: string;
  onChange: (value: string) => void;
}

const look = EditorView.theme({
  "&": { fontSize: "13px", backgroundColor: "transparent", color: "var(--mantine-color-text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.6", maxHeight: "420px", overflow: "auto" },
  ".cm-content": { padding: "12px", minHeight: "140px", caretColor: "var(--mantine-color-text)" },
  ".cm-line": { padding: "0" },
  ".cm-placeholder": { color: "var(--mantine-color-placeholder)" },
  ".cm-variable, .cm-context": { color: "var(--accent-text)", backgroundColor: "var(--accent-wash)", borderRadius: "4px", fontWeight: "500" },
  ".cm-unknown": { textDecoration: "underline wavy var(--mantine-color-red-6)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-wash)" },
});

function marks(names: string[]) {
  const build = (view: EditorView): DecorationSet => {
    const builder = new RangeSetBuilder<Decoration>();
    for (const match of view.state.doc.toString().matchAll(MARK)) {
      const name = match[1] ?? "";
      const kind = isProvided(name) ? "cm-context" : names.includes(name) ? "cm-variable" : "cm-unknown";
      builder.add(match.index, match.index + match[0].length, Decoration.mark({ class: kind }));
    }
    return builder.finish();
  };
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = build(view);
      }
      update(update: ViewUpdate) {
        if (update.docChanged) this.decorations = build(update.view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

export default function PromptEditor({ value, names, label, placeholder, onChange }: PromptEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const known = useRef(new Compartment());
  const changed = useRef(onChange);
  const first = useRef({ value, names, label, placeholder });

  useEffect(() => {
    changed.current = onChange;
  });

  useEffect(() => {
    if (!host.current) return;
    const start = first.current;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: start.value,
        extensions: [
          history(),
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": start.label, spellcheck: "true" }),
          placeholderOf(start.placeholder),
          known.current.of(marks(start.names)),
          look,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, []);

  const nameKey = names.join(",");
  useEffect(() => {
    view.current?.dispatch({ effects: known.current.reconfigure(marks(nameKey ? nameKey.split(",") : [])) });
  }, [nameKey]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  return <div ref={host} />;
}
