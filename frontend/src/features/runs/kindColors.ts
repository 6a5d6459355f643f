/** A colour for each sort of work, the same wherever a trace is shown. */

const FAMILIES: [string, string[]][] = [
  ["accent-6", ["llm", "question-classifier", "parameter-extractor"]],
  ["violet-5", ["agent"]],
  ["indigo-5", ["retrieve", "knowledge-retrieval", "document-extractor"]],
  ["orange-5", ["tool", "http-request"]],
  ["pink-5", ["code", "template-transform"]],
  ["cyan-6", ["iteration", "loop", "workflow"]],
  ["yellow-6", ["human-input"]],
  ["teal-6", ["annotation_reply"]],
];
const COLORS = new Map(FAMILIES.flatMap(([color, kinds]) => kinds.map((kind) => [kind, `var(--mantine-color-${color})`])));

export const colorOf = (kind: string): string => COLORS.get(kind) ?? "var(--mantine-color-gray-5)";
