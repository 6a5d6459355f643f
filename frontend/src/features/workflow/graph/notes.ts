/** The text of a note. Dify keeps it as the state of its rich-text editor: read from it, written as it. */
import type { Json } from "@/shared/api/types";
import type { NodeData } from "./model";

type Block = { type?: string; text?: string; children?: Block[] };

export function noteText(data: NodeData): string {
  const saved = typeof data.text === "string" ? data.text : "";
  if (!saved.startsWith("{")) return saved;
  try {
    const { root } = JSON.parse(saved) as { root?: Block };
    return (root?.children ?? []).map(textOf).join("\n");
  } catch {
    return saved;
  }
}

function textOf(block: Block): string {
  if (block.type === "linebreak") return "\n";
  return block.text ?? (block.children ?? []).map(textOf).join(block.type === "list" ? "\n" : "");
}

export function noteState(text: string): Json {
  const words = (line: string) => ({ detail: 0, format: 0, mode: "normal", style: "", text: line, type: "text", version: 1 });
  const shared = { direction: null, format: "", indent: 0, version: 1 };
  const children = text.split("\n").map((line) => ({ ...shared, children: line ? [words(line)] : [], type: "paragraph", textFormat: 0 }));
  return JSON.stringify({ root: { ...shared, children, type: "root" } });
}
