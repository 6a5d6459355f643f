/** CodeMirror for templates and code: references are chips with readable names, `{{` and `/` offer what may be read. */
import { autocompletion, completionKeymap, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, RangeSetBuilder, type Extension } from "@codemirror/state";
import { Decoration, EditorView, keymap, lineNumbers, placeholder as placeholderOf, ViewPlugin, WidgetType, type DecorationSet, type ViewUpdate } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { editorLook } from "./editorLook";

export type Language = "template" | "python3" | "javascript" | "json";

export interface Offered {
  /** What is inserted. */
  text: string;
  label: string;
  type: string;
  section: string;
}

interface CodeMirrorFieldProps {
  value: string;
  onChange: (value: string) => void;
  label: string;
  language: Language;
  placeholder?: string;
  readOnly?: boolean;
  offered?: Offered[];
}

const REFERENCE = /\{\{\s*#\s*([^#{}]+?)\s*#\s*\}\}/g;

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--accent-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--mantine-color-dimmed)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName)], color: "var(--code-name)" },
]);

class Chip extends WidgetType {
  constructor(
    private readonly text: string,
    private readonly isKnown: boolean,
  ) {
    super();
  }
  override eq(other: Chip): boolean {
    return other.text === this.text && other.isKnown === this.isKnown;
  }
  override toDOM(): HTMLElement {
    const chip = document.createElement("span");
    chip.className = this.isKnown ? "cm-chip" : "cm-chip cm-lost";
    chip.textContent = this.text;
    return chip;
  }
  override ignoreEvent(): boolean {
    return false;
  }
}

/** Shows each reference as a chip; the caret jumps over it as over one letter. */
function chips(offered: Offered[]): Extension {
  const names = new Map(offered.map((each) => [each.text, each.label]));
  const build = (view: EditorView): DecorationSet => {
    const builder = new RangeSetBuilder<Decoration>();
    for (const match of view.state.doc.toString().matchAll(REFERENCE)) {
      const selector = match[1] ?? "";
      const name = names.get(`{{#${selector}#}}`);
      const widget = new Chip(name ?? selector.replaceAll(".", " › "), name !== undefined || selector === "context" || selector.startsWith("sys."));
      builder.add(match.index, match.index + match[0].length, Decoration.replace({ widget }));
    }
    return builder.finish();
  };
  const plugin = ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      constructor(view: EditorView) {
        this.decorations = build(view);
      }
      update(update: ViewUpdate) {
        if (update.docChanged) this.decorations = build(update.view);
      }
    },
    { decorations: (each) => each.decorations, provide: (each) => EditorView.atomicRanges.of((view) => view.plugin(each)?.decorations ?? Decoration.none) },
  );
  return plugin;
}

function completions(offered: Offered[]): Extension {
  const source = (context: CompletionContext): CompletionResult | null => {
    const before = context.matchBefore(/(\{\{#?|\/)[^\s{}/]*$/);
    if (!before || (before.text.startsWith("/") && before.from > 0 && /\S/.test(context.state.sliceDoc(before.from - 1, before.from)))) return null;
    return {
      from: before.from,
      filter: false,
      options: offered
        .filter((each) => `${each.label} ${each.text}`.toLowerCase().includes(before.text.replace(/^(\{\{#?|\/)/, "").toLowerCase()))
        .map((each) => ({ label: each.label, detail: each.type, section: each.section, apply: each.text, type: "variable" })),
    };
  };
  return autocompletion({ override: [source], icons: false, activateOnTyping: true });
}

function languageOf(language: Language, offered: Offered[]): Extension {
  switch (language) {
    case "template":
      return [EditorView.lineWrapping, chips(offered), completions(offered)];
    case "python3":
      return [python(), lineNumbers(), indentOnInput(), bracketMatching()];
    case "javascript":
      return [javascript(), lineNumbers(), indentOnInput(), bracketMatching()];
    case "json":
      return [javascript(), bracketMatching(), EditorView.lineWrapping];
  }
}

export default function CodeMirrorField({ value, onChange, label, language, placeholder = "", readOnly = false, offered = [] }: CodeMirrorFieldProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useRef(onChange);
  const variable = useRef(new Compartment());
  const first = useRef({ value, label, placeholder, readOnly, language, offered });

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
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...(start.language === "template" ? [] : [indentWithTab])]),
          EditorView.contentAttributes.of({ "aria-label": start.label, spellcheck: start.language === "template" ? "true" : "false" }),
          placeholderOf(start.placeholder),
          EditorState.readOnly.of(start.readOnly),
          variable.current.of(languageOf(start.language, start.offered)),
          syntaxHighlighting(colours),
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

  const key = `${language} ${offered.map((each) => `${each.text}=${each.label}`).join("|")}`;
  const latest = useRef(offered);
  useEffect(() => {
    latest.current = offered;
  });
  useEffect(() => {
    view.current?.dispatch({ effects: variable.current.reconfigure(languageOf(language, latest.current)) });
  }, [key, language]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  return <div ref={host} />;
}
