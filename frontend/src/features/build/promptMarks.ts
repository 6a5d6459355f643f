/** What the prompt editor knows of variables: it colours them, underlines unknown ones and completes their names. */
import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { RangeSetBuilder, type Extension } from "@codemirror/state";
import { Decoration, ViewPlugin, type DecorationSet, type EditorView, type ViewUpdate } from "@codemirror/view";
import { isProvided, MARK } from "@/shared/draft/references";

/** A name to write between the braces, and what it stands for. */
export interface Offered {
  name: string;
  detail: string;
}

function marks(names: ReadonlySet<string>): Extension {
  const build = (view: EditorView): DecorationSet => {
    const builder = new RangeSetBuilder<Decoration>();
    for (const match of view.state.doc.toString().matchAll(MARK)) {
      const name = match[1] ?? "";
      const kind = names.has(name) ? "cm-variable" : isProvided(name) ? "cm-context" : "cm-unknown";
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

function completions(offered: Offered[]): Extension {
  const source = (context: CompletionContext): CompletionResult | null => {
    const before = context.matchBefore(/\{\{\s*#?[\p{L}\p{N}_.]*$/u);
    if (!before) return null;
    const closing = /^\s*#?\}\}/.exec(context.state.sliceDoc(context.pos, context.pos + 8))?.[0].length ?? 0;
    return {
      from: before.from,
      to: context.pos + closing,
      filter: false,
      options: offered
        .filter((each) => each.name.toLowerCase().includes(before.text.replace(/^\{\{\s*#?/, "").toLowerCase()))
        .map((each) => ({ label: each.name, detail: each.detail, apply: `{{${each.name}}}`, type: "variable" })),
    };
  };
  return autocompletion({ override: [source], icons: false });
}

/** The variable at the caret, if one stands there. */
export function variableAt(text: string, position: number): string | null {
  for (const match of text.matchAll(MARK)) {
    const name = match[1] ?? "";
    if (match.index <= position && position <= match.index + match[0].length) return isProvided(name) ? null : name;
  }
  return null;
}

export function knowing(offered: Offered[]): Extension {
  return [marks(new Set(offered.map((each) => each.name))), completions(offered)];
}
