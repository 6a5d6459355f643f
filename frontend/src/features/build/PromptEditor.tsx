/** CodeMirror for prompts: `{{variables}}` stand out and complete themselves; a diff against what is published on top. */
import { completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { unifiedMergeView } from "@codemirror/merge";
import { Compartment, EditorState, Transaction, type ChangeSpec } from "@codemirror/state";
import { EditorView, keymap, placeholder as placeholderOf } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { useMay } from "@/shared/api/workspace";
import { diffLook, editorLook } from "@/shared/draft/editorLook";
import { knowing, variableAt, type Offered } from "./promptMarks";

interface PromptEditorProps {
  value: string;
  offered: Offered[];
  label: string;
  placeholder: string;
  /** What the text is compared with; null shows no diff. */
  original?: string | null;
  minHeight?: number;
  onChange: (value: string) => void;
  /** Asked for with F2 on a variable. */
  onRename?: (name: string) => void;
}

/** The least that must be replaced, so that the caret stays where it was. */
function changeTo(before: string, after: string): ChangeSpec {
  let from = 0;
  while (from < before.length && from < after.length && before[from] === after[from]) from += 1;
  let end = 0;
  while (end < before.length - from && end < after.length - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}

const diffWith = (original: string | null) => (original === null ? [] : [unifiedMergeView({ original, mergeControls: false, gutter: true }), diffLook]);

export default function PromptEditor({ value, offered, label, placeholder, original = null, minHeight = 140, onChange, onRename }: PromptEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const known = useRef(new Compartment());
  const compared = useRef(new Compartment());
  const changed = useRef(onChange);
  const renaming = useRef(onRename);
  const latest = useRef(offered);
  const readOnly = !useMay().edit;
  const first = useRef({ value, offered, label, placeholder, minHeight, original, readOnly });

  useEffect(() => {
    changed.current = onChange;
    latest.current = offered;
    renaming.current = onRename;
  });

  useEffect(() => {
    if (!host.current) return;
    const start = first.current;
    const rename = (state: EditorState) => {
      const name = variableAt(state.doc.toString(), state.selection.main.head);
      if (name === null || !renaming.current) return false;
      renaming.current(name);
      return true;
    };
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: start.value,
        extensions: [
          history(),
          keymap.of([{ key: "F2", run: ({ state }) => rename(state) }, ...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          EditorState.readOnly.of(start.readOnly),
          EditorView.contentAttributes.of({ "aria-label": start.label, spellcheck: "true" }),
          EditorView.theme({ ".cm-content": { minHeight: `${start.minHeight}px` }, ".cm-scroller": { maxHeight: "420px" } }),
          placeholderOf(start.placeholder),
          known.current.of(knowing(start.offered)),
          compared.current.of(diffWith(start.original)),
          editorLook,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, []);

  const offeredKey = offered.map((each) => `${each.name}=${each.detail}`).join("\n");
  useEffect(() => {
    view.current?.dispatch({ effects: known.current.reconfigure(knowing(latest.current)) });
  }, [offeredKey]);

  useEffect(() => {
    view.current?.dispatch({ effects: compared.current.reconfigure(diffWith(original)) });
  }, [original]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const before = editor.state.doc.toString();
    if (before === value) return;
    // What another part of the page changed is undone there: here it would leave half of a rename behind.
    editor.dispatch({ changes: changeTo(before, value), annotations: Transaction.addToHistory.of(false) });
  }, [value]);

  return <div ref={host} />;
}
