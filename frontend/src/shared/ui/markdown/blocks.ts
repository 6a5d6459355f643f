/** Cuts Markdown into blocks that can be parsed one by one, so that a growing answer parses only its end. */

const FENCE = /^ {0,3}(```+|~~~+)/;

export function splitBlocks(text: string): string[] {
  const blocks: string[] = [];
  let block: string[] = [];
  let fence: string | null = null;
  let blank = false;
  for (const line of text.split("\n")) {
    const mark = FENCE.exec(line)?.[1];
    // A block ends at an empty line before text that stands at the margin and opens no list item: lists stay whole.
    if (blank && fence === null && /^(?!(?:[-*+]|\d+[.)]?)(?:\s|$))\S/.test(line)) {
      blocks.push(block.join("\n"));
      block = [];
    }
    if (mark) fence = fence === null ? mark : mark.startsWith(fence) ? null : fence;
    block.push(line);
    blank = line.trim() === "";
  }
  if (block.length > 0) blocks.push(block.join("\n"));
  return blocks;
}
