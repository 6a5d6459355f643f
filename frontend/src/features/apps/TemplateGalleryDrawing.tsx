/** A graph in small, to look at: the colour of a node says what it does, as on the canvas. */
import classes from "./TemplateGallery.module.css";

export interface PreviewNode {
  id: string;
  kind: string;
  title: string;
  x: number;
  y: number;
  width: number | null;
  height: number | null;
  parent: string;
}

export interface Preview {
  nodes: PreviewNode[];
  edges: { source: string; target: string }[];
}

interface Box {
  node: PreviewNode;
  x: number;
  y: number;
  width: number;
  height: number;
}

const WIDTH = 240;
const HEIGHT = 84;
const MARGIN = 24;
const LETTERS = 17;

const COLORS: Readonly<Record<string, string>> = {
  llm: "accent-6",
  agent: "accent-6",
  "parameter-extractor": "accent-6",
  "knowledge-retrieval": "indigo-6",
  "document-extractor": "violet-6",
  code: "violet-6",
  "template-transform": "violet-6",
  "variable-aggregator": "violet-6",
  "if-else": "cyan-8",
  "question-classifier": "cyan-8",
  iteration: "cyan-8",
};

/** Containers first, so that what is in them lies on top. */
function boxesOf(preview: Preview): Map<string, Box> {
  const byId = new Map(preview.nodes.map((node) => [node.id, node]));
  const boxes = preview.nodes.map((node): Box => {
    const parent = byId.get(node.parent);
    const isEntry = node.kind.endsWith("-start");
    return { node, x: node.x + (parent?.x ?? 0), y: node.y + (parent?.y ?? 0), width: node.width ?? (isEntry ? 40 : WIDTH), height: node.height ?? (isEntry ? 40 : HEIGHT) };
  });
  boxes.sort((a, b) => Number(b.node.height !== null) - Number(a.node.height !== null));
  return new Map(boxes.map((box) => [box.node.id, box]));
}

export function Drawing({ preview, label }: { preview: Preview; label?: string }) {
  const boxes = boxesOf(preview);
  const all = [...boxes.values()];
  const left = Math.min(...all.map((box) => box.x)) - MARGIN;
  const top = Math.min(...all.map((box) => box.y)) - MARGIN;
  const width = Math.max(...all.map((box) => box.x + box.width)) + MARGIN - left;
  const height = Math.max(...all.map((box) => box.y + box.height)) + MARGIN - top;
  return (
    <svg className={classes.drawing} viewBox={`${left} ${top} ${width} ${height}`} role={label ? "img" : undefined} aria-label={label} preserveAspectRatio="xMidYMid meet">
      {all.filter((box) => box.node.height !== null).map((box) => <NodeBox key={box.node.id} box={box} />)}
      {preview.edges.map((edge, index) => {
        const [from, to] = [boxes.get(edge.source), boxes.get(edge.target)];
        return from && to ? <path key={index} d={curve(from, to)} className={classes.wire} /> : null;
      })}
      {all.filter((box) => box.node.height === null).map((box) => <NodeBox key={box.node.id} box={box} />)}
    </svg>
  );
}

function curve(from: Box, to: Box): string {
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + Math.min(from.height, HEIGHT) / 2, to.x, to.y + Math.min(to.height, HEIGHT) / 2];
  const bend = Math.max(30, (x2 - x1) / 2);
  return `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`;
}

function NodeBox({ box: { node, x, y, width, height } }: { box: Box }) {
  const isContainer = node.height !== null;
  const title = node.title.length > LETTERS ? `${node.title.slice(0, LETTERS - 1)}…` : node.title;
  return (
    <g>
      <rect x={x} y={y} width={width} height={height} rx={14} className={isContainer ? classes.container : classes.node} />
      <circle cx={x + (title ? 26 : width / 2)} cy={y + (isContainer ? 26 : height / 2)} r={12} fill={`var(--mantine-color-${COLORS[node.kind] ?? "gray-6"})`} />
      <text x={x + 48} y={y + (isContainer ? 33 : height / 2 + 7)} className={classes.title}>
        {title}
      </text>
    </g>
  );
}
