/** A step after sanitising: `[n]` in running text becomes a mark that opens source n. */

interface HastNode {
  type: string;
  tagName?: string;
  value?: string;
  properties?: Record<string, unknown>;
  children?: HastNode[];
}

const MARK = /\[(\d{1,3})\]/g;
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
    const position = Number(match[1]);
    if (!positions.has(position)) continue;
    if (match.index > end) parts.push({ type: "text", value: text.slice(end, match.index) });
    parts.push({ type: "element", tagName: "button", properties: { value: String(position) }, children: [] });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push({ type: "text", value: text.slice(end) });
  return parts;
}
