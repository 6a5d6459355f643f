/** A step after sanitising: `[n]` in running text becomes marks that open the sources of these numbers. */

interface HastNode {
  type: string;
  tagName?: string;
  value?: string;
  properties?: Record<string, unknown>;
  children?: HastNode[];
}

// [1], [1, 2], [1-3] and 【1】: what the server counts as a citation.
const MARK = /[[【]\s*(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*[\]】]/g;
const RANGE = /^(\d+)\s*[–-]\s*(\d+)$/;
const UNTOUCHED = new Set(["code", "pre", "a"]);

export function rehypeCitations(positions: ReadonlySet<number>) {
  return () => (tree: HastNode) => visit(tree, positions);
}

function visit(node: HastNode, positions: ReadonlySet<number>): void {
  if (!node.children || UNTOUCHED.has(node.tagName ?? "")) return;
  node.children = node.children.flatMap((child) => {
    if (child.type === "text") return marked(child.value ?? "", positions);
    visit(child, positions);
    return [child];
  });
}

function marked(text: string, positions: ReadonlySet<number>): HastNode[] {
  const parts: HastNode[] = [];
  let end = 0;
  for (const match of text.matchAll(MARK)) {
    const cited = (match[1] ?? "").split(/[,;]/).flatMap((part) => citedBy(part.trim(), positions));
    if (cited.length === 0) continue;
    if (match.index > end) parts.push({ type: "text", value: text.slice(end, match.index) });
    for (const position of cited) parts.push({ type: "element", tagName: "button", properties: { value: String(position) }, children: [] });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ type: "text", value: text.slice(end) });
  return parts;
}

function citedBy(part: string, positions: ReadonlySet<number>): number[] {
  const [, first, last] = RANGE.exec(part) ?? [part, part, part];
  return [...positions].filter((position) => Number(first) <= position && position <= Number(last));
}
